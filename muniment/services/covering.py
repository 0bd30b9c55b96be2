"""Coverage: for each account of a council, what is held against what was reported, and when we were blind."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Final

from muniment.domain.completeness import AccountCoverage, blind_days, sentence, totals
from muniment.ports import Register
from schemas.london import london_date

__all__ = ["coverage"]

_SHOWN: Final = timedelta(days=90)


def coverage(
    council: str,
    *,
    register: Register,
    never: Callable[[str], tuple[str, ...]],
    now: datetime,
    since: date | None = None,
    until: date | None = None,
) -> tuple[AccountCoverage, ...]:
    """Return the coverage of every open account.

    Args:
        council: The council's id.
        register: Where ledger and gaps are.
        never: What a platform can never give, by its name.
        now: The present.
        since: First London day of the calendar; default: 90 days ago, or the first day of the register.
        until: Last London day; default: today.
    """
    today = london_date(now)
    last = min(until or today, today)
    open_accounts = register.enrolled(council)
    enrolled_on = [london_date(one.first_enrolled_at) for one in open_accounts]
    first = max(min(enrolled_on, default=today), london_date(now - _SHOWN))
    start = min(since or first, last)
    gaps = register.gaps(council, since=start, until=last)
    found: list[AccountCoverage] = []
    for one in open_accounts:
        account = one.account
        of_account = tuple(gap for gap in gaps if gap.account == account.account)
        streams = totals(register.ledger(council, account=account.account))
        found.append(
            AccountCoverage(
                account=account.account,
                platform=account.platform,
                streams=streams,
                gaps=of_account,
                days=blind_days(of_account, since=start, until=last, now=now),
                never=never(account.platform),
                missing=sentence(streams, of_account, now=now),
            )
        )
    return tuple(found)
