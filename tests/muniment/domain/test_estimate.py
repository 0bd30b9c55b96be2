"""What a person reads before the past of an account is fetched: how much, for what, and for how long."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Identity, Tariff
from muniment.domain.allowance import Allowance
from muniment.domain.estimate import estimate

POSTS = Identity(native_id="1", handle="a", name=None, posts=20_000, comments=21_000)
RATE = Tariff(page_items=100, calls=300, per_seconds=900, item_micros=1_100)


def test_an_estimate_reads_as_a_person_says_it() -> None:
    assert estimate(POSTS, RATE, Allowance()).sentence() == "about 41,000 reads, $45, 17 hours"


def test_an_unknown_amount_is_not_made_up() -> None:
    identity = Identity(native_id="1", handle="a", name=None)
    assert estimate(identity, RATE, Allowance(calls_per_day=1)).reads is None


def test_what_the_council_allows_makes_it_longer() -> None:
    # 20,410 calls at 80 a day, $45.10 at $8 a month; the first day's and month's are there at once.
    assert estimate(POSTS, RATE, Allowance(calls_per_day=100)).sentence().endswith("$45, 254 days")
    assert estimate(POSTS, RATE, Allowance(usd_per_month=10)).sentence().endswith("$45, 141 days")
    assert estimate(POSTS, RATE, Allowance(usd_per_month=100)).sentence().endswith("$45, 17 hours")


@given(
    dollars=st.floats(min_value=0.01, max_value=1e6),
    calls=st.integers(min_value=1, max_value=10**9),
    more=st.floats(min_value=1, max_value=100),
)
def test_it_takes_no_longer_where_more_is_allowed(dollars: float, calls: int, more: float) -> None:
    less = estimate(POSTS, RATE, Allowance(usd_per_month=dollars, calls_per_day=calls)).time
    greater = Allowance(usd_per_month=dollars * more, calls_per_day=round(calls * more))
    longer, at_least = estimate(POSTS, RATE, greater).time, estimate(POSTS, RATE, Allowance()).time
    assert at_least <= longer <= less + timedelta(milliseconds=1)
