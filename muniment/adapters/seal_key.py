"""The Ed25519 key that signs seals: a file (0600) outside the archive, or an environment variable.

The public key stands in every seal and every proof; print it and keep it elsewhere too.
"""

import os
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from schemas.errors import BadInputError

__all__ = ["SealKey", "is_signed_by"]


class SealKey:
    """Signs; made on first use where there is none."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        """Hold the key."""
        self._key = key
        self.public: bytes = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @classmethod
    def of(cls, pem: str | None, path: Path) -> "SealKey":
        """Return the key given as PEM, else that of the file, else a new one, written there.

        Raises:
            BadInputError: It is no Ed25519 key, or others may read the file.
        """
        if pem is not None:
            return cls._read(pem.encode(), "MUNIMENT_SEAL_KEY")
        if path.exists():
            if path.stat().st_mode & 0o077:
                raise BadInputError(f"Others may read the seal key {path}.", remedy=f"chmod 600 {path}")
            return cls._read(path.read_bytes(), str(path))
        key = Ed25519PrivateKey.generate()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        try:
            descriptor = os.open(path, flags, 0o600)
        except FileExistsError:
            return cls.of(None, path)
        with os.fdopen(descriptor, "wb") as file:
            file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
            file.flush()
            os.fsync(file.fileno())
        return cls(key)

    def sign(self, message: bytes) -> bytes:
        """Return the signature, 64 bytes."""
        return self._key.sign(message)

    @classmethod
    def _read(cls, pem: bytes, where: str) -> "SealKey":
        try:
            key = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError) as error:
            raise BadInputError(f"The seal key in {where} is not a private key in PEM form.") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise BadInputError(f"The seal key in {where} is not an Ed25519 key.")
        return cls(key)


def is_signed_by(public: bytes, signature: bytes, message: bytes) -> bool:
    """Return whether the signature of the message is by this public key (32 bytes)."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
