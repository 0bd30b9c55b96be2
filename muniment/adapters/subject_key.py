"""The key under which a record is told in the audit: a file (0600) in the secrets folder, made on first use.

A plain digest of a record id leads back to its author, since ids can be tried one by one; without the key a
keyed one does not. Whoever can name a record, and has the key, finds every entry about it.
"""

import hashlib
import hmac
import os
from pathlib import Path
from typing import Final

from schemas.errors import BadInputError

__all__ = ["SubjectKey"]

_BYTES: Final = 32


class SubjectKey:
    """Names records in the audit."""

    def __init__(self, key: bytes) -> None:
        """Hold the key."""
        self._key = key

    @classmethod
    def of(cls, path: Path) -> "SubjectKey":
        """Return the key of the file, else a new one, written there.

        Raises:
            BadInputError: It is no such key, or others may read the file.
        """
        if path.exists():
            if path.stat().st_mode & 0o077:
                raise BadInputError(f"Others may read the key {path}.", remedy=f"chmod 600 {path}")
            key = path.read_bytes()
            if len(key) != _BYTES:
                raise BadInputError(f"The key in {path} is not {_BYTES} bytes long.", remedy="Restore it.")
            return cls(key)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        key = os.urandom(_BYTES)
        beside = path.with_name(f"{path.name}.{os.getpid()}")
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(beside, path)
        except FileExistsError:
            return cls.of(path)
        finally:
            beside.unlink()
        return cls(key)

    def record_key(self, council: str, record_id: str) -> str:
        """Return what the audit calls a record: 64 hexadecimal figures."""
        named = f"{council}\0{record_id}".encode("utf-8", "surrogatepass")
        return hmac.new(self._key, named, hashlib.sha256).hexdigest()

    def person_reference(self, council: str, person: str) -> str:
        """Return what a certificate calls a person, who may have left when it is read: never the name."""
        figures = hmac.new(self._key, f"{council}\0person\0{person}".encode(), hashlib.sha256).hexdigest()
        return f"person {figures[:6]}-{figures[6:12]}"
