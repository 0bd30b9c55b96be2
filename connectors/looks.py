"""What a reader takes from an exhibit's header, and the look that it makes of it: alike on every platform."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from schemas.observation import Look
from schemas.vocabulary import Answer

__all__ = ["Asked", "look_of"]


class Asked(msgspec.Struct):
    """Of the response that an exhibit was cut from: what was asked, when, in which walk, and its status."""

    endpoint: str
    fetched_at: datetime
    capture_id: str
    walk_id: str
    status: int


def look_of(
    record_id: str,
    asked: Asked,
    answer: Answer,
    shown: str,
    *,
    listing: str = "",
    metrics: Mapping[str, int] | None = None,
) -> Look:
    """Return the look that an exhibit gives; `shown` is "public", or the platform's own word."""
    return Look(
        record_id=record_id,
        at=asked.fetched_at,
        answer=answer,
        capture_id=asked.capture_id,
        walk_id=asked.walk_id,
        shown=shown,
        listing=listing,
        metrics=metrics or {},
    )
