"""What filtering a restored archive needs of the register. `ports.Register` is one of these too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    import pyarrow as pa

    from muniment.domain.stub_file import StubFile

__all__ = ["Restoring"]


class Restoring(Protocol):
    """Stubs from one register to another, and presence of an archive that went back in time."""

    def stub_file(self, council: str, *, now: datetime) -> StubFile:
        """Return every stub, and the certified runs."""
        ...

    def take_stubs(self, told: StubFile) -> int:
        """Add the stubs and runs that are not known yet; return how many stubs. Call it inside `begin`.

        Raises:
            IntegrityError: A key that they were made with is missing.
        """
        ...

    def shut(self, council: str, *, archive_commit: int) -> int:
        """Let presence be ahead of the archive, so that it is refused; return the next commit's number.

        That number is higher than any that was ever used. Call it inside `begin`.
        """
        ...

    def reopen(
        self, council: str, upto: int, observations: Iterable[pa.RecordBatch], *, step_back: bool
    ) -> None:
        """Take presence in anew: from here the archive is read and written again.

        `step_back`: the archive lost commits, so streams go back to what it holds and ask for the rest.
        """
        ...
