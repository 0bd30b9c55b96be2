"""Presence: how each record stands, as a view of the archive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pyarrow as pa

    from muniment.ports.disposal import Intent
    from schemas.observation import Presence

__all__ = ["PresenceView"]


class PresenceView(Protocol):
    """Presence: how each record stands, a view of the archive with a watermark."""

    def watermark(self, council: str) -> int:
        """Return the last commit that presence has taken in; 0 when empty."""
        ...

    def catch_up(self, council: str, upto: int, observations: Iterable[pa.RecordBatch]) -> None:
        """Take in observation rows of commits after the watermark, up to and with `upto`; idempotent."""
        ...

    def known(self, council: str, record_ids: Sequence[str]) -> Mapping[str, tuple[Presence, ...]]:
        """Return how these records stand, one presence for each account and stream that saw them."""
        ...

    def disposed(self, council: str, record_ids: Sequence[str]) -> frozenset[str]:
        """Return which of these were destroyed, or are in an open intent."""
        ...

    def intents(self, council: str) -> tuple[Intent, ...]:
        """Return the open intents whose erasure is not recorded yet: what a dead disposal left to do."""
        ...

    def rebuild(self, council: str, upto: int, observations: Iterable[pa.RecordBatch]) -> None:
        """Forget presence and take it in anew; open walks are abandoned."""
        ...
