"""Which records an archive held before: remembered from one commit to the next while an index follows it.

A long backfill asks this of every 20,000 records that it brings, and reading every earlier id for each answer
makes the whole grow with the square of its length. Of each id 64 bits of a digest are kept, 8 MB for a
million. Two ids may share one, and ids of records that were destroyed stay: so it says which records may have
been held, and whoever must know looks those few up. What it does not name was never held.
"""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from muniment.ports import ArchiveRows
from schemas.arrow import RECORD_SERIES, RowKind

__all__ = ["HeldBefore"]

_Digests: TypeAlias = npt.NDArray[np.int64]
_SERIES = (*RECORD_SERIES, RowKind.OBSERVATION.value)


class HeldBefore:
    """What one archive held, as far as it was asked. Of one thread; commits are read once each."""

    def __init__(self, archive: ArchiveRows) -> None:
        """Nothing is read before it is asked."""
        self._archive = archive
        self._upto = 0
        self._digests = np.empty(0, np.int64)
        """In order, each once."""

    def among(self, record_ids: Sequence[str], *, after: int, upto: int | None = None) -> list[str]:
        """Return those of `record_ids` that may have a row in the commit `after` or before it.

        `upto`: they are all that the commits after it brought, up to this one, which need not be read then.
        """
        self._read_on(after)
        asked = _digests_of(record_ids)
        before = self._digests
        if upto is not None and self._upto == after:
            self._take_in([asked], upto)
        if not len(before):
            return []
        places = np.minimum(np.searchsorted(before, asked), len(before) - 1)
        return [record_ids[place] for place in np.flatnonzero(before[places] == asked).tolist()]

    def _read_on(self, upto: int) -> None:
        if upto <= self._upto:
            return
        batches = self._archive.scan(series=_SERIES, columns=["record_id"], after=self._upto, upto=upto)
        self._take_in([_digests_of(batch["record_id"].to_pylist()) for batch in batches], upto)

    def _take_in(self, new: Sequence[_Digests], upto: int) -> None:
        self._digests = np.unique(np.concatenate([self._digests, *new]))
        self._upto = upto


def _digests_of(record_ids: Sequence[str]) -> _Digests:
    # Python's own of a string: 64 bits, keyed anew in each process, and quicker than any other at hand.
    return np.fromiter(map(hash, record_ids), np.int64, len(record_ids))
