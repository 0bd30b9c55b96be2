"""Stubs, intents and forgetting: what was destroyed is known again, and stands nowhere any more."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from muniment.adapters.sql import forgetting
from muniment.adapters.sql.register import SqlRegister
from muniment.adapters.sql.tables import METADATA
from muniment.adapters.stub_keys import StubKeys
from muniment.domain.disposal_run import Decision, RunState, Said
from muniment.domain.stub import StubKey
from muniment.ports.disposal import Erased, Intent
from schemas.capture import Cursor, Edge, Ids, Threads, comments_of
from schemas.errors import BadInputError, IntegrityError
from schemas.report import Gap
from schemas.vocabulary import Reason, Stream
from tests.muniment.adapters.register.conftest import KEY
from tests.muniment.adapters.register.disposal_stage import RUN, a_run, intend, items
from tests.muniment.adapters.register.stage import MAIN, Stage, at, listed, ref

NEW = StubKey.of(b"a newer key of stubs of 32 bytes")
ID_FREE = {
    "councils": {"council", "watermark", "queue_number"},
    "accounts": {"council", "account", "platform", "native_id", "handle", "site", "first_enrolled_at"}
    | {"checked_at", "closed_at", "paused", "paused_at", "backfill_confirmed_by", "backfill_confirmed_at"},
    "settings": {"id", "council", "account", "asked_at", "source_digest", "settings"},
    "streams": {"id", "council", "account", "stream", "cursor_at", "swept_at"},
    "endings": {"stream_id", "purpose", "ended_at"},
    "listings": {"id", "stream_id", "line_id"},
    "presence": {"stream_id", "listing_id", "series", "digest_rule", "filed_at", "state", "shown"}
    | {"absences", "first_absent_at", "metrics", "metrics_at", "observed_at", "commit_no", "last_walk"}
    | {"last_seen_at"},
    "threads": {"stream_id", "filed_at", "reported", "reported_at", "reported_when_read", "last_read_at"},
    "walks": {"walk_id", "stream_id", "purpose", "ended", "resume_at", "opened_at", "noted_at", "closed_at"}
    | {"outcome", "has_signpost", "signpost_at", "last_commit", "pages", "new", "changed", "unchanged"}
    | {"unread", "media", "media_pending", "disposed", "cost_micros"},
    "walk_listings": {"walk_id", "listing_id", "ended_at", "reported", "short", "absence_counts", "since"}
    | {"until", "shows", "refused", "disposed"},
    "windows": {"stream_id", "start_at", "end_at"},
    "queue": {"council", "number", "capture_id", "fetched_at", "capture"},  # typed values only
    "gaps": {"id", "stream_id", "reason", "starts_at", "ends_at"},
    "ledger": {"id", "listing_id", "at", "confirmed_at", "reported", "captured", "removed", "short"},
    "budgets": {"council", "credential", "window_started_at", "window_calls", "paused_until"},
    "spending": {"council", "credential", "day", "calls", "cost_micros"},
    "audit": {"council", "number", "at", "tag", "text_digest", "digest"},
    "audit_texts": {"council", "number", "salt", "text"},  # a record by its keyed digest only
    "appointments": {"council", "person", "role", "from_on", "until_on"},
    "team_members": {"council", "person", "team", "from_on", "until_on"},
    "holds": {"id", "council", "kind", "reference", "reason", "typed", "case_id", "placed_by", "placed_at"}
    | {"review_on", "watermark", "released_by", "released_at", "release_reason", "added"},
    "hold_records": {"hold_id"},
    "aliases": {"council"},
    "disposal_runs": {"council", "run", "kind", "state", "schedule", "schedule_digest", "basis", "as_of"}
    | {"plan_commit", "prepared_by", "prepared_at", "summary", "waits_until", "intent_at", "intent_commit"}
    | {"intent_count", "intent_digest", "key_id", "dropped", "erased_commit", "erasure", "proofs"}
    | {"done_at", "closed_at", "certificate_no", "certificate", "restricted_to"},
    "disposal_decisions": {"council", "run", "number", "person", "at", "facet", "decision", "reason"}
    | {"until_on", "retention_class"},
    "disposal_co_reviews": {"council", "run", "team", "person", "at"},
    "disposal_approvals": {"council", "run", "person", "role", "at", "list_digest"},  # a keyed digest
    "stub_keys": {"council", "key_id", "stubs", "first_used_at"},
    "stubs": {"council", "digest", "key_id", "stub_id", "platform", "account", "kind", "retention_class"}
    | {"schedule", "event", "event_on", "first_captured_on", "last_captured_on", "disposed_on", "run"}
    | {"parent"},
    "retention_schedules": {"council", "version", "effective_from", "digest", "text", "by", "at"},
    "retention_facts": {"id", "council", "event", "scope", "happened_on", "reason", "by", "at"},
    "retention_windows": {
        "id",
        "council",
        "name",
        "kind",
        "since",
        "until",
        "accounts",
        "reason",
        "by",
        "at",
    },
    "retention_cases": {"id", "council", "case_id", "retention_class", "reason", "by", "at"},
    "retention_case_records": {"council", "case_id", "by", "at"},
    "retention_decisions": {"id", "council", "scope", "retention_class", "until_on", "reason", "by", "at"}
    | {"shortens", "approved_by", "approved_at"},
    "transfers": {"council", "transfer", "schedule", "records", "manifest_digest", "by", "at", "receipt"}
    | {"received_by", "received_at"},
    "transfer_records": {"council", "transfer"},
    "given_out": {"council", "number", "kind", "by", "at", "records", "reference", "place", "removed_at"}
    | {"key_id", "digests"},  # keyed digests, as stubs have
    "index_rebuilds": {"council", "name", "commit_no", "began_at"},
    # What officers typed and what was counted: records of their own, with ends of their own.
    "saved_searches": {"council", "name", "revision", "typed", "filters", "case_reference", "saved_by"}
    | {"saved_at", "dropped_at"},
    "search_decisions": {"council", "name", "number", "revision", "of_words", "adds", "kind", "versions"}
    | {"accepted", "decided_by", "decided_at"},
    "search_statements": {"council", "name", "number", "revision", "text", "sha256", "records", "versions"}
    | {"watermark", "accepted_by", "accepted_at"},
}


def test_every_column_that_may_name_a_record_is_cleared() -> None:
    for table in METADATA.sorted_tables:
        told = ID_FREE.get(table.name, set()) | forgetting.CLEARED.get(table.name, frozenset())
        assert {column.name for column in table.columns} == told, table.name


def test_a_list_that_an_earlier_version_made_has_every_column_of_today(stage: Stage) -> None:
    stage.register.add_run(a_run("earlier"), items("x:1").drop_columns(["restricted_to"]))
    listed = stage.register.run_items("elm", "earlier")
    assert listed.schema == items("x:1").schema
    assert listed["restricted_to"].to_pylist() == [None]
    assert stage.register.disposal_run("elm", "earlier").restricted_to is None


def test_what_is_in_an_open_intent_is_disposed(stage: Stage) -> None:
    stage.whole(["x:1", "x:2", "x:3"], hours=0)
    assert stage.register.disposed("elm", ["x:1", "x:2"]) == frozenset()

    intend(stage.register, ["x:1", "x:2"])

    assert stage.register.disposed("elm", ["x:1", "x:2", "x:3", "x:4"]) == {"x:1", "x:2"}
    assert stage.register.disposed("oak", ["x:1"]) == frozenset()
    (intent,) = stage.register.intents("elm")
    assert intent == Intent(run=RUN, record_ids=pa.array(["x:1", "x:2"]))


def test_a_stub_says_how_it_went_and_not_who_wrote_it(stage: Stage) -> None:
    intend(stage.register, ["x:1"])
    stub = stage.register.stub("elm", "x:1")
    assert stub is not None
    assert (stub.platform, stub.account, stub.kind) == ("x", "x-main", "post")
    assert (stub.retention_class, stub.schedule, stub.event) == ("PUB-COMMENT", "2026-01", "published")
    assert (stub.first_captured_on, stub.last_captured_on) == (date(2023, 1, 3), date(2024, 5, 6))
    assert (stub.disposed_on, stub.run, stub.parent) == (date(2026, 3, 2), RUN, None)
    assert stage.register.stub("elm", "x:2") is None


def test_a_stub_names_the_stub_of_its_threads_first_record(stage: Stage) -> None:
    intend(stage.register, ["x:1"])
    reply = items("x:5").set_column(1, "thread_id", pa.array(["x:1"]))
    stage.register.add_run(a_run("later"), reply)
    stage.register.open_intent("elm", "later", reply, commit_no=5, dropped={}, now=at(9))
    root, stub = stage.register.stub("elm", "x:1"), stage.register.stub("elm", "x:5")
    assert root is not None
    assert stub is not None
    assert stub.parent == root.stub_id


def test_of_stubs_drawn_up_before_only_what_goes_is_entered(stage: Stage) -> None:
    stage.whole(["x:1", "x:2", "x:3"], hours=0)
    thread = pa.array(["x:1", "x:1", "x:3"])
    listed = items("x:1", "x:2", "x:3").set_column(1, "thread_id", thread)
    stage.register.add_run(a_run(), listed)
    drafted = stage.register.draft_stubs("elm", listed["record_id"].combine_chunks())
    assert stage.register.disposed("elm", ["x:1", "x:2", "x:3"]) == frozenset()

    rest = listed.slice(1)
    stage.register.open_intent("elm", RUN, rest, commit_no=5, dropped={}, now=at(9), drafted=drafted)

    assert stage.register.disposed("elm", ["x:1", "x:2", "x:3"]) == {"x:2", "x:3"}
    stub = stage.register.stub("elm", "x:2")
    assert stub is not None
    assert stub.parent is None  # its thread's first record stays
    assert stage.register.intent_ids("elm", RUN).to_pylist() == ["x:2", "x:3"]


def test_stubs_drawn_up_before_are_made_again_where_something_came_since(register_url: str) -> None:
    register = SqlRegister.open(register_url, StubKeys(None, [KEY]))
    stage = Stage(register=register)
    stage.enrol()
    drafted = register.draft_stubs("elm", pa.array(["x:1"]))
    stage.whole(["x:1"], hours=0)  # presence knows its own name only now
    register.close()
    register = SqlRegister.open(register_url, StubKeys(None, [NEW, KEY]))
    listed = items("x:1", "x:2")
    register.add_run(a_run(), listed)

    register.open_intent("elm", RUN, listed, commit_no=5, dropped={}, now=at(9), drafted=drafted)

    assert register.stub_counts("elm") == {NEW.key_id: 2}
    assert register.disposed("elm", ["x:1", "x:2"]) == {"x:1", "x:2"}
    assert register.forget("elm", ["x:1"])["presence"] == 1
    register.close()


def test_a_cursor_is_cleared_though_its_record_was_seen_after_the_stubs_were_drawn_up(stage: Stage) -> None:
    drafted = stage.register.draft_stubs("elm", pa.array(["x:1"]))
    stage.whole(["x:1"], hours=0, signpost=Cursor(native_id="1", at=at(-1)))
    stage.register.add_run(a_run(), items("x:1"))
    stage.register.open_intent("elm", RUN, items("x:1"), commit_no=5, dropped={}, now=at(9), drafted=drafted)
    stage.register.rebuild("elm", 9, iter(()))  # presence knows nothing any more: the intent must

    assert stage.register.forget("elm", ["x:1"])["streams"] == 1
    cursor = stage.register.cursor("elm", MAIN.account, Stream.POSTS)
    assert cursor == Cursor(native_id=None, at=at(-1))


def test_a_rotated_key_still_knows_its_stubs(register_url: str) -> None:
    register = SqlRegister.open(register_url, StubKeys(None, [KEY]))
    intend(register, ["x:1"])
    register.close()
    register = SqlRegister.open(register_url, StubKeys(None, [NEW, KEY]))
    intend(register, ["x:2"], "second")
    assert register.disposed("elm", ["x:1", "x:2", "x:3"]) == {"x:1", "x:2"}
    assert register.stub_counts("elm") == {KEY.key_id: 1, NEW.key_id: 1}
    register.close()


def test_a_lost_key_is_refused_before_anything_could_come_back(register_url: str) -> None:
    register = SqlRegister.open(register_url, StubKeys(None, [KEY]))
    intend(register, ["x:1"])
    register.close()
    register = SqlRegister.open(register_url, StubKeys(None, [NEW]))
    with pytest.raises(IntegrityError, match="missing"):
        register.disposed("elm", ["x:9"])
    register.close()


def test_views_hear_of_erasures_until_the_run_closes_then_start_anew(stage: Stage) -> None:
    intend(stage.register, ["x:1"])
    stage.register.note_erasure("elm", RUN, commit_no=7, counts={"records": 1})
    assert stage.register.intents("elm") == ()
    assert list(stage.register.erasures("elm", after=6)) == [
        Erased(commit_no=7, record_ids=pa.array(["x:1"]))
    ]
    assert list(stage.register.erasures("elm", after=7)) == []
    assert stage.register.last_closed_erasure("elm") == 0

    stage.register.close_run("elm", RUN, b"certificate", number=1, now=at(3))

    assert list(stage.register.erasures("elm", after=0)) == []
    assert stage.register.last_closed_erasure("elm") == 7
    assert stage.register.intent_ids("elm", RUN).to_pylist() == []
    assert stage.register.run_items("elm", RUN).num_rows == 0
    assert stage.register.certificate("elm", RUN) == b"certificate"
    assert stage.register.disposed("elm", ["x:1"]) == {"x:1"}


def test_forgetting_leaves_no_row_that_names_them_and_every_other_row(stage: Stage) -> None:
    posts = {"x:1": {"metrics": {"comments": 2}}, "x:2": {"metrics": {"comments": 1}}}
    stage.whole(posts, hours=0, signpost=Cursor(native_id="1", at=at(-1)))
    comments = {
        "x:11": {"thread": "x:1", "listing": comments_of("x:1")},
        "x:21": {"thread": "x:2", "listing": comments_of("x:2")},
    }
    both = Threads(threads=(ref("x:1"), ref("x:2")))
    lists = [listed(comments_of("x:1")), listed(comments_of("x:2"))]
    refused = Gap(
        account=MAIN.account,
        stream=Stream.COMMENTS,
        listing=comments_of("x:1"),
        reason=Reason.PERMISSION,
        starts_at=at(0),
        ends_at=None,
    )
    stage.register.open_gap("elm", refused)
    stage.whole(comments, hours=1, ask=both, stream=Stream.COMMENTS, listings=lists)
    waiting = stage.open(Ids(wanted=(ref("x:1"),), controls=(ref("x:2"),)), hours=2)
    edge = stage.open(Edge(since=Cursor(native_id="1", at=at(-1))), hours=2)
    stage.read(edge, ["x:2"], hours=2, marker="page after 1,older=11")
    doomed = ["x:1", "x:11"]
    intend(stage.register, doomed)
    assert stage.register.mentions("elm", doomed) > 0

    told = stage.register.forget("elm", doomed)

    assert told == {"gaps": 1, "listings": 1, "presence": 2, "streams": 1, "threads": 1, "walks": 4}
    assert stage.register.mentions("elm", doomed) == 0
    assert stage.register.forget("elm", doomed) == {}
    assert stage.stands("x:2").state == "live"
    assert stage.stands("x:21", Stream.COMMENTS).state == "live"
    assert stage.register.known("elm", doomed) == {}
    left = {walk.walk_id: walk for walk in stage.register.unfinished("elm", MAIN.account)}
    assert left[waiting.walk_id].ask == Ids(wanted=(), controls=(ref("x:2"),))
    assert left[edge.walk_id].ask == Edge(since=Cursor(native_id=None, at=at(-1)))
    assert left[edge.walk_id].marker is None
    assert stage.register.cursor("elm", MAIN.account, Stream.POSTS) == Cursor(native_id=None, at=at(-1))
    assert [one.ref.record_id for one in stage.register.threads("elm", MAIN.account)] == ["x:2"]
    names = [gap.listing for gap in stage.register.gaps("elm")]
    assert all(name is not None and name.startswith("disposed:") for name in names)


def test_a_reading_after_disposal_notes_the_count_and_nothing_else(stage: Stage) -> None:
    stage.whole({"x:1": {"metrics": {"comments": 2}}, "x:2": {}}, hours=0)
    intend(stage.register, ["x:1"])
    stage.register.forget("elm", ["x:1"])

    walk = stage.open(hours=5)
    stage.read(
        walk,
        {"x:1": {"metrics": {"comments": 3}}, "x:2": {}},
        hours=5,
        listings=[listed(reported=2), listed(comments_of("x:1"), refused=Reason.PERMISSION)],
        disposed=frozenset({"x:1"}),
    )
    (line,) = stage.register.promote(walk, now=at(5))

    assert line.short == {Reason.DISPOSED: 1}
    assert (line.reported, line.captured) == (2, 1)
    assert stage.register.mentions("elm", ["x:1"]) == 0
    assert {gap.listing for gap in stage.register.gaps("elm")} == {None}


def test_what_is_intended_between_keep_and_note_leaves_no_trace(stage: Stage) -> None:
    stage.whole({"x:1": {}, "x:2": {}}, hours=0)
    intend(stage.register, ["x:1"])
    stage.register.forget("elm", ["x:1"])
    walk = stage.open(hours=5)
    noted = stage.read(walk, {"x:2": {"metrics": {"comments": 9}}}, hours=5, marker="2")
    late = [*noted.looks, stage.sighting(walk, "x:1", hours=5, metrics={"comments": 9}).look]

    stage.register.note(replace(noted, looks=late, marker="3"), now=at(5))
    assert stage.register.mentions("elm", ["x:1"]) == 0


def test_what_was_said_of_them_on_other_lists_is_cleared(stage: Stage) -> None:
    register = stage.register
    stage.whole({"x:1": {}, "x:2": {}}, hours=0)
    for name, state in (("open", RunState.UNDER_REVIEW), ("stopped", RunState.CANCELLED)):
        register.add_run(a_run(name, state=state), items("x:2"))
        for facet, value in (("record_id", "x:1"), ("thread_id", "x:1"), ("record_id", "x:2")):
            said = Said(
                person="ben", at=at(0), facet=facet, value=value, decision=Decision.KEEP, reason="read it"
            )
            register.decide("elm", name, said)
    intend(register, ["x:1"])
    assert register.mentions("elm", ["x:1"]) > 0
    register.forget("elm", ["x:1"])
    told = {name: [one.value for one in register.decisions("elm", name)] for name in ("open", "stopped")}
    assert told == {"open": [None, "x:1", "x:2"], "stopped": [None, None, "x:2"]}
    assert register.mentions("elm", ["x:1"]) == 0


def test_the_register_file_holds_no_byte_of_them(tmp_path: Path) -> None:
    path = tmp_path / "register.sqlite"
    register = SqlRegister.open(f"sqlite:///{path}", StubKeys(None, [KEY]))
    stage = Stage(register=register)
    stage.enrol()
    marked = [f"x:marked{number}" for number in range(40)]
    stage.whole([*marked, *(f"x:{number}" for number in range(400))], hours=0)
    assert b"marked7" in path.read_bytes() + Path(f"{path}-wal").read_bytes()
    intend(register, marked)
    register.note_erasure("elm", RUN, commit_no=2, counts={})
    register.forget("elm", marked)
    register.close_run("elm", RUN, b"{}", number=1, now=at(2))
    register.close()
    left = b"".join(one.read_bytes() for one in tmp_path.iterdir())
    assert b"marked" not in left


def test_keys_are_made_once_kept_private_and_rotated(tmp_path: Path) -> None:
    keys = StubKeys.of(None, tmp_path / "stub_keys")
    first = keys.newest()
    assert keys.newest() == first
    second = keys.rotate()
    assert keys.all() == (second, first)
    modes = sorted(path.stat().st_mode & 0o777 for path in (tmp_path / "stub_keys").iterdir())
    assert modes == [0o400, 0o600]
    with pytest.raises(BadInputError, match="no key"):
        keys.destroy(second.key_id)
    keys.destroy(first.key_id)
    assert keys.all() == (second,)


def test_keys_may_be_given_by_hand(tmp_path: Path) -> None:
    keys = StubKeys.of(f"{NEW.key.hex()} {KEY.key.hex()}", tmp_path)
    assert keys.all() == (NEW, KEY)
    with pytest.raises(BadInputError, match="MUNIMENT_STUB_KEYS"):
        keys.rotate()
    with pytest.raises(BadInputError, match="cannot be read"):
        StubKeys.of("nonsense", tmp_path)
    assert list(tmp_path.iterdir()) == []
