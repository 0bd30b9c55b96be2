"""Whom the council's network trusts: the usual authorities, and those that its settings add."""

import ssl
from pathlib import Path

from schemas.errors import BadInputError

__all__ = ["certificates"]


def certificates(ca_file: Path | None) -> ssl.SSLContext:
    """Return the usual authorities with those of a file.

    Raises:
        BadInputError: The file holds no certificate.
    """
    context = ssl.create_default_context()
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except ssl.SSLError as error:
            raise BadInputError(
                f"MUNIMENT_CA_FILE names {ca_file}, which holds no certificate.",
                remedy="Write the certificates into it in PEM form: -----BEGIN CERTIFICATE----- and so on.",
            ) from error
    return context
