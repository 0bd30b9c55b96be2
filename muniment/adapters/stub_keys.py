"""The keys of stubs: files (0600) outside archive and register, or an environment variable.

    <secrets>/stub_keys/0001-<key id>.key    32 bytes as hexadecimal figures; the highest number is in use

A key that was replaced stays, sealed (0400: it writes no stub any more), for as long as a stub under it
stands: the ids are gone, so stubs cannot be digested anew. Destroying it makes its stubs anonymous for ever,
and lets their records be captured again: `destroy` is for a key whose last stub has ended.
"""

import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from muniment.domain.stub import KEY_BYTES, StubKey
from schemas.errors import BadInputError

__all__ = ["StubKeys"]

_HOW: Final = f"Write {KEY_BYTES} bytes as {2 * KEY_BYTES} hexadecimal figures."


class StubKeys:
    """Every key of stubs there is, the one in use first; made on first use where there is none."""

    def __init__(self, folder: Path | None, given: Sequence[StubKey] = ()) -> None:
        """Name the folder; nothing is read yet. Without one, only the given keys are there."""
        self._folder = folder
        self._given = tuple(given)

    @classmethod
    def of(cls, told: str | None, folder: Path) -> "StubKeys":
        """Return the keys given as text, newest first, else those of the folder.

        Raises:
            BadInputError: One of the given keys is no key.
        """
        if told is None:
            return cls(folder)
        return cls(None, [_read(word, "MUNIMENT_STUB_KEYS") for word in told.split()])

    def all(self) -> tuple[StubKey, ...]:
        """Return every key, the newest first.

        Raises:
            BadInputError: Others may read a key's file, or it holds no key.
        """
        if self._folder is None:
            return self._given
        return tuple(_from_file(path) for path in self._paths())

    def newest(self) -> StubKey:
        """Return the key in use.

        Raises:
            BadInputError: Keys were given by hand, and there is none among them.
        """
        found = self.all()
        return found[0] if found else self.rotate()

    def rotate(self) -> StubKey:
        """Make a new key and use it from now on; the old one is sealed.

        Raises:
            BadInputError: The keys are given by hand: the new one belongs in front of them.
        """
        if self._folder is None:
            raise BadInputError(
                "The keys of stubs are given in MUNIMENT_STUB_KEYS.",
                remedy=f"Put a new one in front of the others there. {_HOW}",
            )
        key = StubKey.of(secrets.token_bytes(KEY_BYTES))
        old = self._paths()
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        number = 1 + max((int(path.name[:4]) for path in old), default=0)
        path = self._folder / f"{number:04d}-{key.key_id}.key"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(key.key.hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
        for sealed in old:
            sealed.chmod(0o400)
        _sync(self._folder)
        return key

    def destroy(self, key_id: str) -> None:
        """Destroy a key whose last stub has ended: for who has asked the register first.

        Raises:
            BadInputError: There is no such key, or it is the one in use, or the keys are given by hand.
        """
        path = self._sealed(key_id)
        path.unlink()
        _sync(path.parent)

    def check_destroyable(self, key_id: str) -> None:
        """Raise what `destroy` would, and destroy nothing."""
        self._sealed(key_id)

    def _sealed(self, key_id: str) -> Path:
        for path in self._paths()[1:]:
            if _from_file(path).key_id == key_id:
                return path
        raise BadInputError(f"There is no key {key_id} of stubs that can be destroyed here.")

    def _paths(self) -> list[Path]:
        return [] if self._folder is None else sorted(self._folder.glob("[0-9]*-*.key"), reverse=True)


def _from_file(path: Path) -> StubKey:
    if path.stat().st_mode & 0o077:
        raise BadInputError(f"Others may read the key of stubs {path}.", remedy=f"chmod 600 {path}")
    return _read(path.read_text(encoding="ascii").strip(), str(path))


def _read(word: str, where: str) -> StubKey:
    try:
        key = bytes.fromhex(word)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise BadInputError(f"A key of stubs in {where} cannot be read.", remedy=_HOW)
    return StubKey.of(key)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
