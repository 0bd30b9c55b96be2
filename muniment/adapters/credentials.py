"""Credentials: from the environment, from files (0600) in one folder (0700), or from Prefect blocks.

A credential is a few named values; each platform's page in docs/platforms says which. A token that its
platform rotates is written back to where it came from, atomically and under a lock, before it is used.
"""

import fcntl
import json
import os
import secrets as random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from muniment.adapters.council_yaml import CredentialSource
from schemas.errors import BadInputError, CredentialsRejectedError

__all__ = ["Credentials", "ReadBlock", "WriteBlock"]

ReadBlock = Callable[[str], Mapping[str, str]]
WriteBlock = Callable[[str, Mapping[str, str]], None]


class Credentials:
    """Finds credentials and puts rotated ones back. Prefect's blocks are read by what the flows hand in."""

    def __init__(
        self,
        folder: Path,
        *,
        environment: Mapping[str, str] | None = None,
        read_block: ReadBlock | None = None,
        write_block: WriteBlock | None = None,
    ) -> None:
        """Name the folder; nothing is read yet."""
        self._folder = folder
        self._environment = os.environ if environment is None else environment
        self._read_block = read_block
        self._write_block = write_block

    def find(self, source: CredentialSource) -> Mapping[str, str]:
        """Return a credential's named values.

        Raises:
            CredentialsRejectedError: It is not there.
            BadInputError: Others may read its file, or the file is not what it should be.
        """
        if source.env is not None:
            return self._from_environment(source.env)
        if source.file is not None:
            return self._from_file(self._folder / source.file)
        if self._read_block is None:
            raise CredentialsRejectedError(
                f"The credential lies in the Prefect block {source.prefect_block}: only a flow can read it.",
                remedy="Run `muniment serve`, or keep the credential in a file.",
            )
        return self._read_block(str(source.prefect_block))

    def rotate(
        self, source: CredentialSource, renew: Callable[[Mapping[str, str]], Mapping[str, str]]
    ) -> Mapping[str, str]:
        """Renew a credential under its lock, and store the new values before anyone uses them.

        Args:
            source: Where it is kept.
            renew: Given the values as stored now (another process may just have renewed them), returns
                the new ones, or the same when they are still good.

        Returns:
            The values that are stored now.

        Raises:
            BadInputError: It lies where it cannot be written back; nothing was renewed.
        """
        place = source.file or source.prefect_block
        if place is None:
            raise BadInputError(
                "The platform rotates this credential, and the environment cannot be written.",
                remedy="Keep this credential in a file of the secrets folder.",
            )
        if source.prefect_block is not None and self._write_block is None:
            raise BadInputError(
                f"The Prefect block {place} can only be written back by a flow.",
                remedy="Run `muniment serve`, or keep the credential in a file.",
            )
        with self._locked(place):
            stored = self.find(source)
            renewed = renew(stored)
            if dict(renewed) != dict(stored):
                self._store(source, renewed)
            return renewed

    def _store(self, source: CredentialSource, values: Mapping[str, str]) -> None:
        if source.file is not None:
            self._write(self._folder / source.file, values)
        elif source.prefect_block is not None and self._write_block is not None:
            self._write_block(source.prefect_block, values)

    def _from_environment(self, names: Mapping[str, str]) -> Mapping[str, str]:
        missing = sorted(variable for variable in names.values() if not self._environment.get(variable))
        if missing:
            raise CredentialsRejectedError(
                f"The environment has no {', '.join(missing)}.",
                remedy="Set it for the account that muniment runs under.",
            )
        return {name: self._environment[variable] for name, variable in names.items()}

    def _from_file(self, path: Path) -> Mapping[str, str]:
        if not path.is_file():
            raise CredentialsRejectedError(
                f"There is no credential file {path.name} in {path.parent}.",
                remedy='Make it, mode 0600, holding {"name": "value", ...}.',
            )
        for place in (path.parent, path):
            if place.stat().st_mode & 0o077:
                mode = "700" if place.is_dir() else "600"
                raise BadInputError(f"Others may read {place}.", remedy=f"chmod {mode} {place}")
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise BadInputError(f"{path} is not JSON.", remedy='Write {"name": "value", ...}.') from error
        if not isinstance(told, dict) or not all(isinstance(value, str) for value in told.values()):
            raise BadInputError(f"{path} must hold text values only.", remedy='Write {"name": "value", ...}.')
        return told

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self._folder / f".{name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _write(self, path: Path, values: Mapping[str, str]) -> None:
        draft = path.with_name(f".{path.name}.{random.token_hex(8)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(dict(values), file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
