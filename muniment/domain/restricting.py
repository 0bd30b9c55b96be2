"""Which records only some may see: those of a restricted class, and those in a case of one. Pure.

A class says `restricted_to`: a team of the council, such as HR, or a role. Others neither find such a record
nor see it on a list; of lists they are told counts. What goes together with one (comments of a thread on the
day on which all of it may go) stands on the same list. Source: records-law.md 3, G8.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from muniment.domain.classifying import Classified, Threads
from muniment.domain.columns import certain, looked_up
from muniment.domain.duties import Cases
from muniment.domain.retention import Schedule

__all__ = ["MOST_TEAMS", "Restrictions", "restrictions", "seen_by", "teams_in"]

MOST_TEAMS: Final = 30
"""How many teams a schedule may restrict classes to: each is one bit of a number."""
_BETWEEN: Final = ", "


@dataclass(frozen=True, slots=True, kw_only=True)
class Restrictions:
    """For each record who alone may see it: a bit for each of `teams`, 0: everybody."""

    teams: tuple[str, ...]
    marks: pa.Array

    def beyond(self, may_see: Collection[str]) -> pa.Array:
        """Return which records are restricted to a team that is not among these."""
        others = sum(1 << at for at, team in enumerate(self.teams) if team not in may_see)
        return pc.not_equal(pc.bit_wise_and(self.marks, pa.scalar(others, pa.int32())), 0)

    def spread(self, threads: Threads, goes: pa.Array) -> "Restrictions":
        """Return who alone may see what goes, if all of a thread that goes stands on one list."""
        marks = self.marks
        for at in range(len(self.teams)):
            bit = pa.scalar(1 << at, pa.int32())
            mine = pc.and_(goes, pc.equal(pc.bit_wise_and(self.marks, bit), bit))
            along = pc.and_(goes, threads.any_of(mine).take(threads.codes))
            marks = pc.if_else(along, pc.bit_wise_or(marks, bit), marks)
        return Restrictions(teams=self.teams, marks=marks)

    def named(self) -> pa.DictionaryArray:
        """Return the teams of each record as one word, null: everybody may see it."""
        coded = self.marks.dictionary_encode()
        words = [_word(self.teams, mark) for mark in coded.dictionary.to_pylist()]
        kept = [word for word in words if word is not None]
        place = pa.array([None if word is None else kept.index(word) for word in words], pa.int32())
        return pa.DictionaryArray.from_arrays(place.take(coded.indices), pa.array(kept, pa.string()))


def restrictions(records: pa.Table, schedule: Schedule, found: Classified, cases: Cases) -> Restrictions:
    """Return who alone may see each record.

    Args:
        records: As `holdings` returns them.
        schedule: Whose classes say it.
        found: The class of each record (`classify`).
        cases: A record in a case of a restricted class is restricted as well, whichever class decides.
    """
    of_class = {code: one.restricted_to for code, one in schedule.classes.items() if one.restricted_to}
    teams = tuple(sorted(set(of_class.values())))
    if not teams:
        return Restrictions(teams=(), marks=pa.repeat(pa.scalar(0, pa.int32()), len(records)))
    bits = {code: 1 << teams.index(team) for code, team in of_class.items()}
    by_class = pa.array([bits.get(code, 0) for code in found.classes], pa.int32()).take(found.class_at)
    by_case = looked_up(records["record_id"].combine_chunks(), _of_cases(cases, bits))
    return Restrictions(
        teams=teams, marks=pc.bit_wise_or(pc.fill_null(by_class, 0), pc.fill_null(by_case, 0))
    )


def _of_cases(cases: Cases, bits: Mapping[str, int]) -> dict[str, int]:
    found: dict[str, int] = {}
    for record, names in cases.of_record.items():
        mark = 0
        for name in names:
            mark |= bits.get(cases.classes.get(name, ""), 0)
        if mark:
            found[record] = mark
    return found


def _word(teams: tuple[str, ...], mark: int) -> str | None:
    return _BETWEEN.join(team for at, team in enumerate(teams) if mark & 1 << at) or None


def teams_in(word: str | None) -> frozenset[str]:
    """Return the teams that a list, or an item of one, is restricted to."""
    return frozenset(word.split(_BETWEEN)) if word else frozenset()


def seen_by(items: pa.Table, may_see: Collection[str]) -> pa.Array:
    """Return which items somebody may see who is in these teams and roles."""
    column = items["restricted_to"].combine_chunks()
    fits = pa.array([teams_in(word) <= set(may_see) for word in column.dictionary.to_pylist()], pa.bool_())
    return pc.or_(pc.is_null(column), certain(fits.take(column.indices)))
