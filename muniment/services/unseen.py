"""What a search could not have found: blind times and shortfalls of what it looked through."""

from dataclasses import dataclass
from datetime import datetime

from muniment.domain.completeness import sentence, totals
from muniment.ports import Register
from muniment.search.entry import fold_value
from muniment.search.scope import SearchScope
from schemas.report import Gap

__all__ = ["AccountUnseen", "unseen"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountUnseen:
    """What is not held of one account; `gaps` touch the days searched; `missing` is for a letter."""

    account: str
    platform: str
    gaps: tuple[Gap, ...]
    missing: str


def unseen(
    register: Register, council: str, scope: SearchScope, *, now: datetime
) -> tuple[AccountUnseen, ...]:
    """Return every open account in the scope, in the order of the register.

    The ledger knows no days: its shortfalls are of the account's whole lists, as they stood last.
    """
    gaps = register.gaps(council, since=scope.since, until=scope.until)
    found: list[AccountUnseen] = []
    for one in register.enrolled(council):
        account = one.account
        if scope.accounts and fold_value(account.account) not in scope.accounts:
            continue
        if scope.platforms and fold_value(account.platform) not in scope.platforms:
            continue
        blind = tuple(gap for gap in gaps if gap.account == account.account)
        lines = totals(register.ledger(council, account=account.account))
        found.append(
            AccountUnseen(
                account=account.account,
                platform=account.platform,
                gaps=blind,
                missing=sentence(lines, blind, now=now),
            )
        )
    return tuple(found)
