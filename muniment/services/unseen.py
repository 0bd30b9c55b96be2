"""What a search could not have found: blind times and shortfalls of what it looked through."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from muniment.domain.completeness import lacks, totals
from muniment.ports import Register
from muniment.search.entry import fold_value
from muniment.search.scope import SearchScope
from muniment.services.covering import of_account
from schemas.report import Gap

__all__ = ["NO_ACCOUNT", "AccountUnseen", "by_lack", "unseen"]

NO_ACCOUNT: Final = "Nothing is known: no account that was ever asked lies in what was searched."
_NEVER_READ: Final = "we cannot say what, since no list was read to its end yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountUnseen:
    """What is not held of one account; `gaps` touch the days searched; `lacks` are for a letter."""

    account: str
    platform: str
    gaps: tuple[Gap, ...]
    lacks: tuple[str, ...]


def unseen(
    register: Register, council: str, scope: SearchScope, *, now: datetime
) -> tuple[AccountUnseen, ...]:
    """Return every account in the scope, closed ones too, in the order of the register.

    The ledger knows no days: its shortfalls are of the account's whole lists, as they stood last.
    """
    gaps = register.gaps(council, since=scope.since, until=scope.until)
    found: list[AccountUnseen] = []
    for one in register.ever_enrolled(council):
        account = one.account
        if scope.accounts and fold_value(account.account) not in scope.accounts:
            continue
        if scope.platforms and fold_value(account.platform) not in scope.platforms:
            continue
        blind = of_account(gaps, one, since=scope.since)
        lines = totals(register.ledger(council, account=account.account))
        lacking = lacks(lines, blind, now=now)
        found.append(
            AccountUnseen(
                account=account.account,
                platform=account.platform,
                gaps=blind,
                lacks=lacking if lacking or lines else (_NEVER_READ,),
            )
        )
    return tuple(found)


def by_lack(accounts: Sequence[AccountUnseen]) -> Mapping[str, str]:
    """Return each thing that is lacking with whose it is, what most accounts lack first."""
    whose: dict[str, list[str]] = {}
    for one in accounts:
        for lack in one.lacks:
            whose.setdefault(lack, []).append(one.account)
    everyone = len(accounts) if len(accounts) > 1 else 0
    return {
        lack: "every account searched" if len(names) == everyone else ", ".join(names)
        for lack, names in sorted(whose.items(), key=lambda one: -len(one[1]))
    }
