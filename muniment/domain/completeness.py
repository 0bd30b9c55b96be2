"""Completeness: what the platform reported against what is held, and the days on which we were blind.

Null, absent and unreadable are three different things; a shortfall always has a reason, and
"unexplained" is an alarm that is never rounded away (capture-lessons.md 3).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from schemas.counted import counted
from schemas.london import london_day_starts, london_words
from schemas.report import Completeness, Gap
from schemas.vocabulary import Reason, Stream

__all__ = [
    "NEVER_READ",
    "NOTHING_KNOWN",
    "AccountCoverage",
    "Day",
    "StreamTotals",
    "blind_days",
    "lacks",
    "sentence",
    "totals",
]


NEVER_READ: Final = "We cannot say what we do not have: no list of this account was read to its end yet."
NOTHING_KNOWN: Final = "We know of nothing that the platform offered and we do not have."

_PERIODS_READ: Final = 3

_IN_WORDS: Final[Mapping[Reason, str]] = {
    Reason.HIDDEN: "hidden by the platform",
    Reason.FILTERED: "left out by the platform's own filter",
    Reason.PERMISSION: "a permission is missing",
    Reason.PAGED_OUT: "beyond what the platform still gives",
    Reason.RATE_LIMITED: "the platform asked us to wait",
    Reason.DISPOSED: "destroyed under the retention schedule",
    Reason.UNEXPLAINED: "unexplained",
    Reason.NO_CREDENTIAL: "no working credential",
    Reason.NO_RUN: "muniment did not run",
    Reason.BUDGET: "the budget or the platform's quota was spent",
    Reason.SUSPENDED: "the account was suspended",
    Reason.UNAVAILABLE: "the platform did not answer",
    Reason.CHALLENGED: "the platform asked for a person",
    Reason.UNREADABLE: "the platform's answers could not be read",
    Reason.WRONG_ACCOUNT: "the platform answered for another account",
    Reason.LOOPED: "the platform's list led back to its own beginning",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamTotals:
    """All listings of one stream together. `told` counts the listings whose total the platform gives."""

    stream: Stream
    listings: int
    told: int
    reported: int
    captured: int
    removed: int
    short: Mapping[Reason, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One London day of one account: how much of it was blind, 0.0 to 1.0, and why."""

    on: date
    blind: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountCoverage:
    """What is held, and what is not, of one account."""

    account: str
    platform: str
    streams: tuple[StreamTotals, ...]
    gaps: tuple[Gap, ...]
    days: tuple[Day, ...]
    never: tuple[str, ...]
    missing: str


def totals(lines: Iterable[Completeness]) -> tuple[StreamTotals, ...]:
    """Add up the newest ledger line of each listing, by stream."""
    by_stream: dict[Stream, list[Completeness]] = {}
    for line in lines:
        by_stream.setdefault(line.stream, []).append(line)
    return tuple(_add_up(stream, found) for stream, found in sorted(by_stream.items()))


def _add_up(stream: Stream, lines: Sequence[Completeness]) -> StreamTotals:
    short: Counter[Reason] = Counter()
    for line in lines:
        short.update(line.short)
    return StreamTotals(
        stream=stream,
        listings=len(lines),
        told=sum(line.reported is not None for line in lines),
        reported=sum(line.reported or 0 for line in lines),
        captured=sum(line.captured for line in lines),
        removed=sum(line.removed for line in lines),
        short={reason: count for reason, count in sorted(short.items()) if count},
    )


def blind_days(gaps: Iterable[Gap], *, since: date, until: date, now: datetime) -> tuple[Day, ...]:
    """Return each London day of a period with how much of it an account's posts could not be seen.

    Args:
        gaps: Gaps of one account; those of one listing alone do not blind the account.
        since: First day.
        until: Last day, not after today.
        now: An open gap lasts until now.
    """
    whole = [gap for gap in gaps if gap.listing is None and gap.stream is Stream.POSTS]
    days: list[Day] = []
    on = since
    while on <= until:
        start = london_day_starts(on)
        end = london_day_starts(on + timedelta(days=1))
        spans = sorted(
            (max(gap.starts_at, start), min(gap.ends_at or now, end))
            for gap in whole
            if gap.starts_at < end and (gap.ends_at or now) > start
        )
        reasons = {gap.reason for gap in whole if gap.starts_at < end and (gap.ends_at or now) > start}
        days.append(Day(on=on, blind=_covered(spans) / (end - start), reasons=tuple(sorted(reasons))))
        on += timedelta(days=1)
    return tuple(days)


def _covered(spans: Iterable[tuple[datetime, datetime]]) -> timedelta:
    covered = timedelta(0)
    upto: datetime | None = None
    for start, end in spans:
        begin = start if upto is None else max(start, upto)
        covered += max(end - begin, timedelta(0))
        upto = end if upto is None else max(upto, end)
    return covered


def sentence(
    streams: Iterable[StreamTotals], gaps: Iterable[Gap], *, now: datetime, closed_at: datetime | None = None
) -> str:
    """Return what we do not have of an account, as an officer would write it."""
    counted = tuple(streams)
    said = lacks(counted, gaps, now=now)
    known = f"We do not have: {'; '.join(said)}." if said else NOTHING_KNOWN if counted else NEVER_READ
    return known if closed_at is None else f"Closed, and not asked since {london_words(closed_at)}. {known}"


def lacks(streams: Iterable[StreamTotals], gaps: Iterable[Gap], *, now: datetime) -> tuple[str, ...]:
    """Return each thing that we do not have of an account, as parts of a sentence."""
    said: list[str] = []
    gaps = tuple(gaps)
    for stream in streams:
        lacking = {reason: count for reason, count in stream.short.items() if count > 0}
        if lacking:
            why = "; ".join(f"{count:,} {_IN_WORDS.get(reason, reason)}" for reason, count in lacking.items())
            said.append(
                f"{sum(lacking.values()):,} of the {stream.reported:,} {stream.stream.value} "
                f"that the platform reported ({why})"
            )
        untold = stream.listings - stream.told
        if untold and stream.stream is Stream.COMMENTS:
            said.append(
                f"any comment missed in {counted(untold, 'thread')} whose total the platform does not tell"
            )
    said += _blind_times([gap for gap in gaps if gap.listing is None])
    refused = sum(gap.listing is not None and (gap.ends_at is None or gap.ends_at > now) for gap in gaps)
    if refused:
        said.append(f"the comments of {counted(refused, 'thread')} that the platform withholds")
    return tuple(said)


def _blind_times(gaps: Sequence[Gap]) -> Iterator[str]:
    """Yield what was there only while we could not see: a few periods one by one, many as their number."""
    alike: dict[tuple[Stream, Reason], list[Gap]] = {}
    for gap in gaps:
        alike.setdefault((gap.stream, gap.reason), []).append(gap)
    for (stream, reason), found in alike.items():
        why = _IN_WORDS.get(reason, reason)
        if len(found) > _PERIODS_READ:
            first = min(gap.starts_at for gap in found)
            last = max((gap.ends_at for gap in found if gap.ends_at is not None), default=first)
            end = "now" if any(gap.ends_at is None for gap in found) else london_words(last)
            within = f"only within one of {len(found)} periods from {london_words(first)} to {end}"
            yield f"{stream.value} that were there {within} ({why})"
            continue
        for gap in found:
            start = london_words(gap.starts_at)
            end = "now" if gap.ends_at is None else london_words(gap.ends_at)
            yield f"{stream.value} that were there only between {start} and {end} ({why})"
