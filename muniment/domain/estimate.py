"""The estimate before a first backfill: reads, money and time, in one sentence for a person to confirm."""

from dataclasses import dataclass
from datetime import timedelta

from connectors.contract import Identity, Tariff
from muniment.domain.allowance import Allowance
from schemas.counted import counted

__all__ = ["Estimate", "estimate"]

_COMMENTS_A_POST = 3
"""Where a platform does not tell the number of comments: council pages run at two to four a post."""
_MICROS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What reading an account's past will take. `reads` None: the platform does not say how much there is."""

    reads: int | None
    dollars: float
    time: timedelta

    def sentence(self) -> str:
        """Return it in words: "about 41,000 reads, $46, 3 days"."""
        if self.reads is None:
            return "the platform does not say how much there is; reading costs nothing but time"
        money = (
            f"${self.dollars:,.0f}" if self.dollars >= 1 else "less than $1" if self.dollars else "no charge"
        )
        return f"about {counted(self.reads, 'read')}, {money}, {_duration(self.time)}"


def estimate(identity: Identity, tariff: Tariff, allowance: Allowance) -> Estimate:
    """Return what a backfill will take, rounded up: one read for each post and each comment.

    It takes as long as the platform's rate makes it, and what the council allows its credential; other
    accounts that share this are not reckoned with.
    """
    if identity.posts is None:
        return Estimate(reads=None, dollars=0.0, time=timedelta(0))
    comments = identity.comments if identity.comments is not None else identity.posts * _COMMENTS_A_POST
    reads = identity.posts + comments
    # Comments come by thread: at least one call for each post that has any.
    calls = identity.posts / tariff.page_items + min(identity.posts, comments) + comments / tariff.page_items
    dollars = reads * tariff.item_micros / _MICROS
    at_this_rate = timedelta(seconds=calls / tariff.calls * tariff.per_seconds)
    time = max(at_this_rate, allowance.wait(calls=calls, dollars=dollars))
    return Estimate(reads=reads, dollars=dollars, time=time)


def _duration(time: timedelta) -> str:
    minutes = max(round(time.total_seconds() / 60), 1)
    if minutes < 60:  # noqa: PLR2004 -- minutes in an hour
        return counted(minutes, "minute")
    hours = round(minutes / 60)
    if hours < 48:  # noqa: PLR2004 -- two days: beyond that people count in days
        return counted(hours, "hour")
    return counted(round(hours / 24), "day")
