"""The numbers of many entries at once: what `entry.integers` says of each, for millions of them."""

from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from muniment.search.entry import LOW_BITS, SORTABLE_SECONDS, Entry, day_of

__all__ = ["own_numbers"]

_Numbers: TypeAlias = npt.NDArray[np.int64]

_DAY_SECONDS: Final = 86_400
_LATE_IN_THE_DAY: Final = 82_800
"""From 23:00 UTC on, the next day may have begun in London; before that it has not."""
_SINCE, _UNTIL = 63_072_000, 32_503_680_000
"""1972 to 3000: London stands at UTC or an hour ahead. It stood two ahead once, and 75 seconds behind."""


def own_numbers(entries: Sequence[Entry]) -> tuple[list[int], list[int], list[int], list[int]]:
    """Return the ids, days, months and sort keys of entries, in order."""
    ids = np.frombuffer(b"".join(entry.version_id[:8] for entry in entries), ">i8").astype(np.int64)
    ts = np.fromiter((entry.ts for entry in entries), np.int64, len(entries))
    days = _days_of(ts)
    sort_keys = np.clip(ts, -SORTABLE_SECONDS, SORTABLE_SECONDS) << LOW_BITS | ids & (1 << LOW_BITS) - 1
    return ids.tolist(), days.tolist(), (days // 100).tolist(), sort_keys.tolist()


def _days_of(ts: _Numbers) -> _Numbers:
    dates = ts.astype("datetime64[s]").astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    of_year = months.astype(np.int64)
    days: _Numbers = (
        (1970 + of_year // 12) * 10_000
        + (1 + of_year % 12) * 100
        + (1 + (dates - months.astype("datetime64[D]")).astype(np.int64))
    )
    unsure = (ts % _DAY_SECONDS >= _LATE_IN_THE_DAY) | (ts < _SINCE) | (ts >= _UNTIL)
    for place in np.flatnonzero(unsure).tolist():
        days[place] = day_of(int(ts[place]))
    return days
