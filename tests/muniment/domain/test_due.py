"""What is due: the edge at its interval, bands by age, threads by their comments, the backfill last."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from muniment.domain.due import (
    Job,
    Purpose,
    StreamFacts,
    ThreadDue,
    backfill_of,
    due_jobs,
    edge_since,
    threads_due,
    waves,
    window_of,
)
from schemas.account import Account
from schemas.capture import Cursor, RecordRef
from schemas.vocabulary import Stream

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
ACCOUNT = Account(
    account="x-main", council="anytown", platform="x", handle="anytown", backfill_from=date(2020, 1, 1)
)


def facts(stream: Stream = Stream.POSTS, **changes: object) -> StreamFacts:
    told: dict[str, object] = {
        "stream": stream,
        "has_edge": stream is not Stream.COMMENTS,
        "last_ended": {},
        "unfinished": frozenset(),
        "waiting": frozenset(),
        "backfilled": False,
    }
    return StreamFacts(**{**told, **changes})  # type: ignore[arg-type] # built from names


def due(
    *streams: StreamFacts, may_backfill: bool = True, confirm: frozenset[Stream] = frozenset()
) -> list[Job]:
    return list(
        due_jobs(
            ACCOUNT, streams, now=NOW, threads_waiting=False, to_confirm=confirm, may_backfill=may_backfill
        )
    )


def purposes(jobs: list[Job]) -> list[Purpose]:
    return [job.purpose for job in jobs]


def test_a_new_account_begins_with_its_edge_alone() -> None:
    assert purposes(due(facts())) == [Purpose.EDGE]


def test_comments_have_an_edge_where_the_platform_tells_the_newest() -> None:
    posts = facts(last_ended={"edge": NOW}, backfilled=True)
    by_thread = facts(Stream.COMMENTS)
    assert due(posts, by_thread) == []
    of_the_site = facts(Stream.COMMENTS, has_edge=True)
    assert [(job.stream, job.purpose) for job in due(posts, of_the_site)] == [(Stream.COMMENTS, Purpose.EDGE)]
    just_asked = facts(Stream.COMMENTS, has_edge=True, last_ended={"edge": NOW - timedelta(minutes=14)})
    assert due(posts, just_asked) == []


def test_the_newest_edge_never_waits_for_a_backfill() -> None:
    half_done = facts(
        last_ended={"edge": NOW - timedelta(hours=1)}, unfinished=frozenset({Purpose.BACKFILL.value})
    )
    found = purposes(due(half_done))
    assert found[0] is Purpose.EDGE
    assert found[-1] is Purpose.BACKFILL


def test_no_backfill_without_a_persons_yes() -> None:
    begun = facts(last_ended={"edge": NOW})
    assert Purpose.BACKFILL not in purposes(due(begun, may_backfill=False))
    assert Purpose.BACKFILL in purposes(due(begun, may_backfill=True))


def test_what_is_young_is_seen_again_hourly_and_what_is_old_yearly() -> None:
    hours = {"edge": NOW, "recent": NOW - timedelta(minutes=59), "month": NOW - timedelta(hours=23)}
    quiet = facts(last_ended={**hours, "year": NOW, "older": NOW}, backfilled=True)
    assert due(quiet) == []
    late = {"edge": NOW, "recent": NOW - timedelta(hours=1), "month": NOW - timedelta(days=1)}
    again = facts(
        last_ended={**late, "year": NOW - timedelta(days=7), "older": NOW - timedelta(days=365)},
        backfilled=True,
    )
    assert purposes(due(again)) == [Purpose.RECENT, Purpose.MONTH, Purpose.YEAR, Purpose.OLDER]


def test_a_walk_that_was_told_to_wait_is_left_alone() -> None:
    told = facts(last_ended={}, waiting=frozenset({Purpose.EDGE.value}))
    assert due(told) == []


def test_answers_by_id_are_asked_for_the_streams_that_wait() -> None:
    streams = (facts(last_ended={"edge": NOW}, backfilled=True), facts(Stream.COMMENTS))
    asked = [
        job for job in due(*streams, confirm=frozenset({Stream.COMMENTS})) if job.purpose is Purpose.CONFIRM
    ]
    assert [job.stream for job in asked] == [Stream.COMMENTS]


def test_the_first_edge_is_short_and_later_ones_overlap() -> None:
    assert edge_since(None, ACCOUNT, now=NOW).at == NOW - timedelta(days=2)
    cursor = Cursor(native_id="9", at=NOW - timedelta(minutes=15))
    assert edge_since(cursor, ACCOUNT, now=NOW).at == NOW - timedelta(minutes=75)


def test_bands_and_backfill_leave_no_day_out() -> None:
    windows = [
        window_of(purpose, ACCOUNT, now=NOW)
        for purpose in (Purpose.RECENT, Purpose.MONTH, Purpose.YEAR, Purpose.OLDER)
    ]
    assert windows[0].end == NOW
    assert all(younger.start == older.end for younger, older in pairwise(windows))
    assert windows[-1].start == datetime(2020, 1, 1, tzinfo=UTC) == backfill_of(ACCOUNT, now=NOW).start
    assert backfill_of(ACCOUNT, now=NOW).end == NOW


def test_the_past_is_asked_for_from_midnight_in_london() -> None:
    in_summer = replace(ACCOUNT, backfill_from=date(2020, 6, 1))
    assert backfill_of(in_summer, now=NOW).start == datetime(2020, 5, 31, 23, tzinfo=UTC)
    assert window_of(Purpose.OLDER, in_summer, now=NOW).start == datetime(2020, 5, 31, 23, tzinfo=UTC)


def thread(**changes: object) -> ThreadDue:
    told: dict[str, object] = {
        "ref": RecordRef(record_id="x:1", native_id="1", thread_id="x:1", filed_at=NOW - timedelta(days=10)),
        "reported": 3,
        "reported_at": NOW - timedelta(hours=1),
        "reported_when_read": 3,
        "last_read_at": NOW - timedelta(hours=1),
    }
    return ThreadDue(**{**told, **changes})  # type: ignore[arg-type] # built from names


LOOKED = {Purpose.MONTH.value: NOW - timedelta(minutes=30)}
"""When walks of the posts last ended."""


def read_now(*threads: ThreadDue, tracking: bool = True) -> int:
    return len(threads_due(threads, tracking=tracking, looked=LOOKED, now=NOW, most=10))


def test_a_thread_whose_post_could_not_be_read_waits_for_a_better_reader() -> None:
    nameless = RecordRef(record_id="x:2", native_id="", thread_id="x:2", filed_at=NOW)
    assert read_now(thread(ref=nameless, reported=None, last_read_at=None)) == 0


def test_a_thread_is_read_again_when_its_post_reports_another_number() -> None:
    assert read_now(thread()) == 0
    assert read_now(thread(reported=4)) == 1
    assert read_now(thread(reported=2)) == 1


def test_a_quiet_thread_needs_no_call_where_posts_tell_their_comments() -> None:
    never_read = {"reported": 0, "reported_when_read": None, "last_read_at": None}
    assert read_now(thread(**never_read)) == 0
    assert read_now(thread(**never_read), tracking=False) == 1


def test_a_late_comment_that_moves_no_number_is_found_by_age() -> None:
    assert read_now(thread(last_read_at=NOW - timedelta(days=1))) == 1


def test_of_a_post_that_is_listed_no_more_nobody_tells_the_comments_so_they_are_read_by_age() -> None:
    left = NOW - timedelta(days=2)
    assert read_now(thread(reported=0, reported_when_read=None, last_read_at=None, reported_at=left)) == 1
    read_again = {"reported": 0, "reported_when_read": 0, "reported_at": left}
    assert read_now(thread(**read_again)) == 0
    assert read_now(thread(**read_again, last_read_at=NOW - timedelta(days=1))) == 1


def test_a_walk_takes_only_so_many_threads() -> None:
    assert read_now(*[thread(reported=9)] * 50) == 10


def test_in_a_wave_no_walk_waits_for_the_credential_of_another() -> None:
    jobs = [
        Job(account=account, stream=Stream.POSTS, purpose=purpose)
        for purpose in (Purpose.EDGE, Purpose.RECENT, Purpose.BACKFILL)
        for account in ("a", "b", "c")
    ]
    shared = {"a": "one", "b": "one", "c": "two"}
    found = list(waves(jobs, lambda job: shared[job.account]))
    assert sorted(job for wave in found for job in map(str, wave)) == sorted(map(str, jobs))
    for wave in found:
        credentials = [shared[job.account] for job in wave]
        assert len(credentials) == len(set(credentials))
    order = [job.purpose for wave in found for job in wave if shared[job.account] == "one"]
    assert order == sorted(order, key=list(Purpose).index)
