"""Coverage: for each account of a council, what is held against what was reported, and when we were blind."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final

from muniment.domain.completeness import AccountCoverage, blind_days, sentence, totals
from muniment.ports import Enrolled, Register
from schemas.london import london_date
from schemas.report import Gap

__all__ = ["coverage", "of_account"]

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
    """Return the coverage of every account; of one that was closed, as it stood then.

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
    accounts = register.ever_enrolled(council)
    enrolled_on = [london_date(one.first_enrolled_at) for one in accounts]
    first = max(min(enrolled_on, default=today), london_date(now - _SHOWN))
    start = min(since or first, last)
    gaps = register.gaps(council, since=start, until=last)
    found: list[AccountCoverage] = []
    for one in accounts:
        account, blind = one.account, of_account(gaps, one, since=start)
        ends = last if one.closed_at is None else min(last, london_date(one.closed_at))
        streams = totals(register.ledger(council, account=account.account))
        found.append(
            AccountCoverage(
                account=account.account,
                platform=account.platform,
                streams=streams,
                gaps=blind,
                days=blind_days(
                    blind, since=max(start, london_date(one.first_enrolled_at)), until=ends, now=now
                ),
                never=never(account.platform),
                missing=sentence(streams, blind, now=now, closed_at=one.closed_at),
            )
        )
    return tuple(found)


def of_account(gaps: Sequence[Gap], one: Enrolled, *, since: date | None = None) -> tuple[Gap, ...]:
    """Return an account's gaps from a London day on: a time that was blind when it was closed ended then."""
    found = [gap for gap in gaps if gap.account == one.account.account]
    ended = [replace(gap, ends_at=one.closed_at) if _is_open(gap) else gap for gap in found]
    return tuple(
        gap
        for gap in ended
        if since is None
        or gap.ends_at is None
        or gap.listing is not None
        or london_date(gap.ends_at) >= since
    )


def _is_open(gap: Gap) -> bool:
    """Whether a stream is still blind; what was withheld of one list stays withheld."""
    return gap.ends_at is None and gap.listing is None
