"""Who else has to look at a list: the service that a class names, the partners of a shared account. Pure.

Source:
    records-law.md 4.4, state `co_review`: class owner or service named; the service itself; 8.9: accounts
    that councils share.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from muniment.domain.retention import Schedule

__all__ = ["CoReviewing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CoReviewing:
    """The teams that have a say in a list: by the class of its items, and by their account."""

    by_class: Mapping[str, str] = field(default_factory=dict)
    by_account: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, schedule: Schedule | None, partners: Mapping[str, tuple[str, ...]]) -> "CoReviewing":
        """Return the teams by a schedule's classes, and by the partner councils of each account."""
        classes = () if schedule is None else schedule.classes.values()
        named = {one.code: one.co_review for one in classes if one.co_review is not None}
        return cls(by_class=named, by_account=partners)

    def teams(self, items: pa.Table) -> frozenset[str]:
        """Return the teams that have a say in any of these items."""
        codes = pc.unique(items["class"].cast(pa.string())).to_pylist()
        accounts = pc.unique(items["account"].cast(pa.string())).to_pylist()
        found = {self.by_class[code] for code in codes if code in self.by_class}
        return frozenset(found.union(*(self.by_account.get(one, ()) for one in accounts)))

    def concerns(self, items: pa.Table, teams: Collection[str]) -> pa.Array:
        """Return in which items one of these teams has a say."""
        codes = [code for code, team in self.by_class.items() if team in teams]
        accounts = [one for one, partners in self.by_account.items() if set(partners) & set(teams)]
        return pc.or_(
            pc.fill_null(pc.is_in(items["class"].cast(pa.string()), pa.array(codes, pa.string())), False),  # noqa: FBT003
            pc.is_in(items["account"].cast(pa.string()), pa.array(accounts, pa.string())),
        )
