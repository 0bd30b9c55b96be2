"""Credentials in Prefect Secret blocks: read by name, and written back when a platform rotates a token."""

import json
from collections.abc import Mapping
from typing import Any, cast

from prefect.blocks.system import Secret
from prefect.exceptions import ObjectNotFound
from pydantic import SecretStr

from schemas.errors import CredentialsRejectedError

__all__ = ["read_block", "write_block"]


def read_block(name: str) -> Mapping[str, str]:
    """Return the named values that a Secret block holds as a JSON object.

    Raises:
        CredentialsRejectedError: There is no such block, or it holds something else.
    """
    try:
        block = cast("Secret[Any]", Secret.load(name))
    except (ValueError, ObjectNotFound) as error:
        raise CredentialsRejectedError(
            f"There is no Prefect block secret/{name}.",
            remedy="Make a Secret block of that name, holding a JSON object of the credential's values.",
        ) from error
    value = block.get()
    told = json.loads(value) if isinstance(value, str) else value
    if not isinstance(told, dict):
        raise CredentialsRejectedError(
            f"The Prefect block secret/{name} is no JSON object.", remedy='Write {"name": "value", ...}.'
        )
    return {str(key): str(held) for key, held in told.items()}


def write_block(name: str, secrets: Mapping[str, str]) -> None:
    """Put rotated values in the block's place."""
    Secret(value=SecretStr(json.dumps(dict(secrets)))).save(name, overwrite=True)
