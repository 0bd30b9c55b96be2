"""How far a flow has come, as a bar on the server's page of the run. Counts only."""

from contextlib import suppress
from typing import TYPE_CHECKING, cast

from prefect.artifacts import create_progress_artifact, update_progress_artifact

if TYPE_CHECKING:
    from uuid import UUID

__all__ = ["Progress"]


class Progress:
    """The bar of one run. A server that does not answer holds up nothing."""

    def __init__(self, doing: str, council: str) -> None:
        key = f"{doing}-{council.replace('_', '-')}"
        self._bar: UUID | None = None
        with suppress(Exception):  # whatever the server's client raises
            self._bar = cast("UUID", create_progress_artifact(progress=0.0, key=key))

    def tell(self, done: int, of: int) -> None:
        """Say that so many of so many steps are done."""
        if self._bar is None:
            return
        with suppress(Exception):  # as above
            update_progress_artifact(artifact_id=self._bar, progress=100.0 * done / of)
