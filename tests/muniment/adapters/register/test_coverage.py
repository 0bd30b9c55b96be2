"""What the ledger and the gaps promise: every line adds up, every blind hour has a reason."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from schemas.capture import POSTS, Ids, Threads, Window, comments_of
from schemas.report import Completeness, Gap
from schemas.vocabulary import Answer, Outcome, Reason, State, Stream
from tests.muniment.adapters.register.stage import MAIN, Stage, at, listed, ref

ONE = comments_of("x:1")
TWO = comments_of("x:2")


def line(stage: Stage, listing: str = POSTS) -> Completeness:
    (found,) = [one for one in stage.register.ledger("elm") if one.listing == listing]
    return found


def absent(stage: Stage, **told: Any) -> set[str]:
    """Walk and see nothing; return what that makes missing."""
    walk = stage.open(Window(start=at(-99), end=at(99)), hours=10)
    stage.read(walk, [], hours=10, listings=[listed(**told)])
    found = {one.look.record_id for one in stage.register.absent(walk, now=at(11))}
    stage.register.abandon(walk, Outcome.FAILED, now=at(11))
    return found


def test_a_whole_list_tells_what_is_absent(stage: Stage) -> None:
    stage.whole(["x:1", "x:2"], hours=0)
    walk = stage.open(hours=1)
    stage.read(walk, ["x:2"], hours=1, listings=[listed()])
    (sighting,) = stage.register.absent(walk, now=at(2))
    look = sighting.look
    assert (look.record_id, look.answer, look.listing, look.at) == ("x:1", Answer.ABSENT, POSTS, at(1))
    assert (sighting.native_id, sighting.thread_id, sighting.control_seen) == ("1", "x:1", True)
    stage.keep([sighting])
    assert stage.stands("x:1").state is State.MISSING
    assert list(stage.register.absent(walk, now=at(3))) == []


def test_an_absence_counts_once_in_a_walk_however_often_it_is_told(stage: Stage) -> None:
    stage.whole(["x:1"], hours=0)
    walk = stage.open(hours=1)
    stage.read(walk, [], hours=1, listings=[listed()])
    told = tuple(stage.register.absent(walk, now=at(2)))
    for _ in range(3):
        stage.keep(told)
    assert stage.stands("x:1").absences == 1


@pytest.mark.parametrize(
    ("told", "missing"),
    [
        ({}, {"x:early", "x:late"}),
        ({"ended": False}, set()),
        ({"absence_counts": False}, set()),
        ({"refused": Reason.PERMISSION, "ended": False}, set()),
        ({"since": at(-5)}, {"x:late"}),
        ({"until": at(-5)}, {"x:early"}),
        ({"since": at(-10), "until": at(-2)}, {"x:early"}),
        ({"shows": frozenset({"held"})}, {"x:held"}),
        ({"shows": frozenset({"public", "held"})}, {"x:early", "x:late", "x:held"}),
    ],
)
def test_a_list_proves_absence_only_of_what_it_could_have_shown(
    stage: Stage, told: dict[str, Any], missing: set[str]
) -> None:
    stage.filed = {"x:early": at(-10), "x:late": at(-2), "x:held": at(-2)}
    stage.whole({"x:early": {}, "x:late": {}, "x:held": {"shown": "held"}}, hours=0)
    assert absent(stage, **told) == missing


def test_what_could_not_be_read_has_no_time_that_a_bounded_list_could_miss_it_in(stage: Stage) -> None:
    stage.unread = {"x:1"}
    stage.whole(["x:1"], hours=0)
    assert absent(stage, since=at(-1), until=at(9)) == set()
    assert absent(stage, until=at(9)) == set()
    assert absent(stage) == {"x:1"}


def test_what_another_walk_saw_meanwhile_is_not_absent(stage: Stage) -> None:
    stage.whole(["x:1"], hours=0)
    slow = stage.open(Window(start=at(-99), end=at(99)), hours=1)
    stage.read(slow, [], hours=1, marker="2")
    stage.whole(["x:1", "x:new"], hours=2)
    stage.read(slow, [], hours=3, listings=[listed()])
    assert list(stage.register.absent(slow, now=at(3))) == []


def test_a_list_is_not_blamed_for_records_of_another(stage: Stage) -> None:
    threads = Threads(threads=(ref("x:1"), ref("x:2")))
    told = {"x:a": {"listing": ONE}, "x:b": {"listing": TWO}}
    stage.whole(told, hours=0, ask=threads, stream=Stream.COMMENTS, listings=[listed(ONE), listed(TWO)])
    stage.whole([], hours=1, ask=threads, stream=Stream.COMMENTS, listings=[listed(ONE)])
    assert stage.stands("x:a", Stream.COMMENTS).state is State.MISSING
    assert stage.stands("x:b", Stream.COMMENTS).state is State.LIVE


def test_absences_come_in_pages_and_none_twice(stage: Stage) -> None:
    ids = {f"x:{number}" for number in range(2_300)}
    stage.whole(sorted(ids), hours=0)
    walk = stage.open(hours=1)
    stage.read(walk, [], hours=1, listings=[listed()])
    found = [one.look.record_id for one in stage.register.absent(walk, now=at(1))]
    assert len(found) == 2_300
    assert set(found) == ids


@pytest.mark.parametrize(
    ("told", "short"),
    [
        ({"reported": 3}, {}),
        ({"reported": 5}, {Reason.UNEXPLAINED: 2}),
        ({"reported": 5, "short": Reason.PAGED_OUT}, {Reason.PAGED_OUT: 2}),
        ({"reported": 5, "short": Reason.FILTERED, "shows": frozenset({"public"})}, {Reason.FILTERED: 3}),
        ({"reported": 2}, {Reason.UNEXPLAINED: -1}),
        ({"reported": None}, {}),
    ],
)
def test_reported_is_captured_plus_reasons(
    stage: Stage, told: dict[str, Any], short: dict[Reason, int]
) -> None:
    told = {"shows": frozenset({"public", "held"}), **told}
    stage.whole({"x:1": {}, "x:2": {}, "x:3": {"shown": "held"}}, hours=0, listings=[listed(**told)])
    found = line(stage)
    assert dict(found.short) == short
    if found.reported is not None:
        assert found.reported == found.captured + sum(found.short.values())


def test_what_we_destroyed_is_told_before_what_is_unexplained(stage: Stage) -> None:
    walk = stage.open(hours=0)
    stage.read(walk, ["x:1", "x:2"], hours=0, marker="2", disposed=frozenset({"x:2"}))
    stage.read(walk, ["x:3", "x:4"], hours=0, listings=[listed(reported=5)], disposed=frozenset({"x:4"}))
    (found,) = stage.register.promote(walk, now=at(0))
    assert (found.captured, dict(found.short)) == (2, {Reason.DISPOSED: 2, Reason.UNEXPLAINED: 1})


def test_what_was_removed_there_is_counted_beside_what_is_live(stage: Stage) -> None:
    stage.whole(["x:1", "x:2"], hours=0, listings=[listed(reported=2)])
    stage.whole(["x:1"], hours=1, listings=[listed(reported=1)])
    found = line(stage)
    assert (found.reported, found.captured, found.removed, dict(found.short)) == (1, 1, 1, {})


def test_the_total_is_that_of_the_last_page(stage: Stage) -> None:
    walk = stage.open(hours=0)
    stage.read(walk, ["x:1"], hours=0, marker="2", listings=[listed(ended=False, reported=7)])
    stage.read(walk, ["x:2"], hours=0, listings=[listed(reported=2)])
    (found,) = stage.register.promote(walk, now=at(0))
    assert (found.reported, found.captured) == (2, 2)


def test_a_line_that_says_the_same_is_confirmed_not_repeated(stage: Stage) -> None:
    for hours in (0, 1, 2):
        stage.whole(["x:1"], hours=hours, listings=[listed(reported=1)])
    assert line(stage).at == at(2)
    with stage.register._database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM ledger").scalar() == 1
    stage.whole(["x:1"], hours=3, listings=[listed(reported=2)])
    assert (line(stage).reported, line(stage).at) == (2, at(3))
    assert list(stage.register.ledger("elm", account="other")) == []


def test_threads_are_read_anew_when_their_post_tells_of_more(stage: Stage) -> None:
    stage.filed = {"x:1": at(-3), "x:2": at(-2), "x:reply": at(-1)}
    posts: dict[str, dict[str, Any]] = {
        "x:1": {"metrics": {"comments": 2}},
        "x:2": {},
        "x:reply": {"thread": "x:other"},
    }
    stage.whole(posts, hours=0)
    two, one = stage.register.threads("elm", MAIN.account)
    assert (one.ref, one.reported, one.last_read_at) == (ref("x:1", hours=-3), 2, None)
    assert (two.ref.record_id, two.reported) == ("x:2", None)
    threads = Threads(threads=(one.ref,))
    stage.whole(
        {"x:a": {"listing": ONE}}, hours=1, ask=threads, stream=Stream.COMMENTS, listings=[listed(ONE)]
    )
    _, one = stage.register.threads("elm", MAIN.account)
    assert (one.reported_when_read, one.last_read_at) == (2, at(1))
    stage.whole({"x:1": {"metrics": {"comments": 3}}, "x:2": {}, "x:reply": {}}, hours=2)
    assert len(stage.commits) == 2  # the metrics are filed at most once a day, and yet told to the next walk
    _, one = stage.register.threads("elm", MAIN.account)
    assert (one.reported, one.reported_when_read) == (3, 2)


def test_a_thread_that_did_not_end_was_not_read(stage: Stage) -> None:
    stage.whole(["x:1"], hours=0)
    walk = stage.open(Threads(threads=(ref("x:1"),)), Stream.COMMENTS, hours=1)
    stage.read(walk, [], hours=1, marker="2", listings=[listed(ONE, ended=False)])
    (thread,) = stage.register.threads("elm", MAIN.account)
    assert thread.last_read_at is None


def test_of_a_post_that_is_gone_no_thread_is_withheld_any_more(stage: Stage) -> None:
    stage.whole(["x:1", "x:2", "x:control"], hours=0)
    threads = Threads(threads=(ref("x:1"), ref("x:2")))
    refused = [listed(name, ended=False, refused=Reason.UNAVAILABLE) for name in (ONE, TWO)]
    stage.whole([], hours=1, ask=threads, stream=Stream.COMMENTS, listings=refused)
    for hours in (2, 16, 30):
        stage.whole(["x:2", "x:control"], hours=hours)
        ask = Ids(wanted=(ref("x:1"),), controls=(ref("x:control"),))
        gone = {"answer": Answer.GONE, "listing": "", "shown": "404"}
        stage.whole({"x:1": gone, "x:control": {"listing": ""}}, hours=hours + 1, ask=ask, listings=[])
    assert stage.stands("x:1").state is State.GONE
    ends = {gap.listing: gap.ends_at for gap in stage.register.gaps("elm") if gap.listing}
    assert ends == {ONE: at(31), TWO: None}


def test_threads_of_posts_that_are_gone_are_not_read(stage: Stage) -> None:
    stage.whole(["x:1", "x:2"], hours=0)
    stage.whole(["x:2"], hours=1)
    assert [one.ref.record_id for one in stage.register.threads("elm", MAIN.account)] == ["x:2"]


def test_threads_come_newest_first_past_one_page(stage: Stage) -> None:
    stage.filed = {f"x:{number}": at(-(number // 2)) for number in range(2_100)}
    stage.whole(sorted(stage.filed), hours=1)
    found = [one.ref for one in stage.register.threads("elm", MAIN.account)]
    assert len({one.record_id for one in found}) == len(found) == 2_100
    assert [one.filed_at for one in found] == sorted((one.filed_at for one in found), reverse=True)


def gap(reason: Reason = Reason.BUDGET, *, hours: float, stream: Stream = Stream.POSTS) -> Gap:
    return Gap(
        account=MAIN.account, stream=stream, listing=None, reason=reason, starts_at=at(hours), ends_at=None
    )


def test_a_gap_is_opened_once_and_closed_by_the_edge_that_covers_it(stage: Stage) -> None:
    stage.register.open_gap("elm", gap(hours=1))
    stage.register.open_gap("elm", gap(hours=2))
    stage.register.open_gap("elm", gap(hours=2, stream=Stream.COMMENTS))
    stage.whole([], hours=3, ask=Window(start=at(0), end=at(1)))
    assert [one.ends_at for one in stage.register.gaps("elm")] == [None, None]
    stage.whole([], hours=4)
    found = {one.stream: (one.starts_at, one.ends_at) for one in stage.register.gaps("elm")}
    assert found == {Stream.POSTS: (at(1), at(4)), Stream.COMMENTS: (at(2), None)}
    stage.whole([], hours=5, ask=Threads(threads=()), stream=Stream.COMMENTS)
    stage.register.open_gap("elm", gap(hours=6))
    assert [one.ends_at for one in stage.register.gaps("elm")] == [at(4), at(5), None]


def test_a_walk_that_does_not_end_closes_no_gap(stage: Stage) -> None:
    stage.register.open_gap("elm", gap(hours=1))
    walk = stage.open(hours=2)
    stage.read(walk, ["x:1"], hours=2, marker="2")
    stage.register.abandon(walk, Outcome.FAILED, now=at(2))
    assert [one.ends_at for one in stage.register.gaps("elm")] == [None]


def test_a_refused_list_is_a_gap_until_it_is_read(stage: Stage) -> None:
    threads = Threads(threads=(ref("x:1"), ref("x:2")))
    lists = [listed(ONE, ended=False, refused=Reason.PERMISSION), listed(TWO)]
    for hours in (1, 2):
        stage.whole([], hours=hours, ask=threads, stream=Stream.COMMENTS, listings=lists)
    (found,) = stage.register.gaps("elm")
    assert (found.listing, found.reason, found.starts_at, found.ends_at) == (
        ONE,
        Reason.PERMISSION,
        at(1),
        None,
    )
    stage.whole([], hours=3, ask=threads, stream=Stream.COMMENTS, listings=[listed(TWO)])
    assert [one.ends_at for one in stage.register.gaps("elm")] == [None]
    stage.whole([], hours=4, ask=threads, stream=Stream.COMMENTS, listings=[listed(ONE)])
    assert [one.ends_at for one in stage.register.gaps("elm")] == [at(4)]


def test_a_refused_list_lacks_its_comments_for_that_reason(stage: Stage) -> None:
    refused = listed(ONE, ended=False, reported=4, refused=Reason.PERMISSION)
    threads = Threads(threads=(ref("x:1"),))
    stage.whole([], hours=1, ask=threads, stream=Stream.COMMENTS, listings=[refused])
    assert dict(line(stage, ONE).short) == {Reason.PERMISSION: 4}


def test_every_blind_hour_is_in_the_gap_register(stage: Stage) -> None:
    stage.whole(["x:1"], hours=0)
    stage.whole(["x:1"], hours=0.9)  # within an hour nobody counts
    stage.whole(["x:1"], hours=8)
    (found,) = stage.register.gaps("elm")
    assert (found.stream, found.reason, found.starts_at, found.ends_at) == (
        Stream.POSTS,
        Reason.NO_RUN,
        at(0.9),
        at(8),
    )


def test_an_account_that_is_asked_seldom_is_not_blind_between(stage: Stage) -> None:
    stage.account = replace(MAIN, interval=timedelta(hours=6))
    stage.enrol()
    stage.whole(["x:1"], hours=0)
    stage.whole(["x:1"], hours=17)
    assert stage.register.gaps("elm") == ()
    stage.whole(["x:1"], hours=36)
    assert [one.reason for one in stage.register.gaps("elm")] == [Reason.NO_RUN]


def test_time_that_another_gap_accounts_for_is_not_told_twice(stage: Stage) -> None:
    stage.whole(["x:1"], hours=0)
    stage.register.open_gap("elm", gap(hours=4))
    stage.whole(["x:1"], hours=12)
    found = [(one.reason, one.starts_at, one.ends_at) for one in stage.register.gaps("elm")]
    assert found == [(Reason.NO_RUN, at(0), at(4)), (Reason.BUDGET, at(4), at(12))]


def test_gaps_are_found_by_their_london_dates(stage: Stage) -> None:
    night = Gap(
        account=MAIN.account,
        stream=Stream.POSTS,
        listing=None,
        reason=Reason.NO_RUN,
        starts_at=at(24 * 29 + 14.5),  # 23:30 UTC on 31 March: 00:30 on 1 April in London
        ends_at=at(24 * 29 + 15),
    )
    stage.register.open_gap("elm", night)
    stage.register.open_gap("elm", night)
    assert stage.register.gaps("elm", since=date(2026, 4, 1), until=date(2026, 4, 1)) == (night,)
    assert stage.register.gaps("elm", until=date(2026, 3, 31)) == ()
    assert stage.register.gaps("elm", since=date(2026, 4, 2)) == ()
    assert stage.register.gaps("oak") == ()
