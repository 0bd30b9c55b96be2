"""Every platform's backfill begins on the same day, London's: in summer an hour before that of UTC."""

from datetime import UTC, date, datetime, timedelta

import pytest

from connectors.feed.walks import _since
from connectors.wordpress.paging import bounds
from schemas.account import Account
from schemas.capture import Edge, Walk
from schemas.vocabulary import Stream


@pytest.mark.parametrize(
    ("day", "moment"),
    [
        (date(2024, 6, 1), datetime(2024, 5, 31, 23, tzinfo=UTC)),
        (date(2024, 12, 1), datetime(2024, 12, 1, tzinfo=UTC)),
        (date(2024, 3, 31), datetime(2024, 3, 31, tzinfo=UTC)),
        (date(2024, 4, 1), datetime(2024, 3, 31, 23, tzinfo=UTC)),
    ],
)
def test_the_past_begins_at_midnight_in_london_on_blogs_too(day: date, moment: datetime) -> None:
    account = Account(
        account="news", council="a", platform="wordpress", handle="a.example", backfill_from=day
    )
    walk = Walk(walk_id="walk-1", account=account, stream=Stream.POSTS, ask=Edge())
    assert account.backfill_starts_at == moment
    assert account.backfill_starts_at.utcoffset() == timedelta(0)
    assert bounds(walk, Edge()) == (moment, None)
    assert _since(walk, Edge()) == (moment, None)


def test_without_a_day_the_past_has_no_beginning() -> None:
    assert Account(account="news", council="a", platform="feed", handle="a").backfill_starts_at is None
