"""Executing a disposal: exactly what was approved and is still due, everywhere, and certified truly."""

import json
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest
from typing_extensions import override

from muniment.adapters.tantivy.index import TantivyIndex
from muniment.domain.audit import act_of, chain_faults
from muniment.domain.certificate import certificate_digest
from muniment.domain.disposal import Why
from muniment.domain.disposal_events import DisposalBegun, DisposalCertified, DisposalLapsed
from muniment.domain.disposal_run import Decision, RunState
from muniment.search.answer import PurgeProof
from muniment.search.entry import Entry
from muniment.services.indexing import rebuild
from muniment.services.working_off import go_on
from schemas.errors import BadInputError, NotApprovedError, StorageError
from tests.muniment.adapters.delta.council import COUNCIL, Said
from tests.muniment.services.disposing.office import BEN, IVY, Office, ids


class DownIndex(TantivyIndex):
    """An index that cannot be purged while it is down."""

    down = True

    @override
    def purge(
        self,
        council: str,
        upto: int,
        entries: Iterable[Entry],
        erased: Sequence[str],
        words: Sequence[str] = (),
    ) -> PurgeProof:
        if self.down:
            raise StorageError("The search server does not answer.")
        return super().purge(council, upto, entries, erased, words)


def events(office: Office) -> list[object]:
    entries = list(office.register.audit_entries(COUNCIL))
    assert list(chain_faults(COUNCIL, entries)) == []
    return [act_of(one.tag, one.text).event for one in entries if one.text is not None]


def test_disposed_is_gone_from_every_store_and_certified(office: Office) -> None:
    office.settle()
    office.kept |= dict.fromkeys(ids(4, 5, 6), Why.NOT_YET)
    run = office.approved()

    done = office.destroying.execute(run)

    assert (done.state, done.records, done.pending) == (RunState.CERTIFIED, 3, {})
    assert office.held() == ids(4, 5, 6)
    assert office.searched() == 3
    assert [size for _, size in office.media.names()] == []
    assert office.register.mentions(COUNCIL, sorted(ids(1, 2, 3))) == 0
    assert office.register.disposed(COUNCIL, sorted(ids(1, 2, 3, 4))) == ids(1, 2, 3)
    assert office.register.intent_ids(COUNCIL, run).to_pylist() == []
    assert office.verdict().faults == ()


def test_the_certificate_tells_the_whole_and_names_no_record(office: Office) -> None:
    office.settle()
    office.kept |= dict.fromkeys(ids(4, 5, 6), Why.NOT_YET)
    run = office.approved()
    office.destroying.execute(run)

    told = office.certifying.read(run)

    assert (told["number"], told["records"], told["run"]) == (1, 3, run)
    assert told["prepared"]["by"] == "person a"
    assert {one["by"]: one["role"] for one in told["approved"]} == {
        "person b": "reviewer",
        "person i": "information manager",
    }
    item = {"class": "PUB-COMMENT", "action": "destroy", "account": "main", "year": 2020, "records": 3}
    assert told["items"] == [item]
    assert told["erased"]["rows_public"] == 4
    assert told["erased"]["media"] == 2
    assert all(one["proved"] for one in told["proofs"])
    assert [one["store"] for one in told["proofs"]] == [
        *("archive and media", "register", "given out", "search index")
    ]
    assert told["remaining_copies"][0] == {"what": "backups", "ends_on": "2024-04-12", "ended_on": None}
    raw = office.register.certificate(COUNCIL, run)
    assert raw is not None
    assert b"facebook:" not in raw
    assert office.certificates == {"000001": raw}
    (certified,) = [one for one in events(office) if isinstance(one, DisposalCertified)]
    assert certified.sha256 == certificate_digest(raw).hex()


def test_certificates_are_chained(office: Office) -> None:
    office.settle()
    office.kept |= dict.fromkeys(ids(3, 4, 5, 6), Why.NOT_YET)
    first = office.approved()
    office.destroying.execute(first)
    office.kept.clear()
    second = office.approved()
    office.destroying.execute(second)
    raw = office.register.certificate(COUNCIL, first)
    assert raw is not None
    assert office.certifying.read(second)["previous_sha256"] == certificate_digest(raw).hex()


def test_remaining_copies_are_closed_later_and_the_first_certificate_stays_as_it_was(office: Office) -> None:
    office.settle()
    run = office.approved()
    office.destroying.execute(run)
    before = office.register.certificate(COUNCIL, run)
    assert before is not None
    office.certifying.end_copies(run, reason="the last tape was overwritten", actor=IVY)
    after = office.register.certificate(COUNCIL, run)
    assert after is not None
    assert after.startswith(before)
    assert office.certifying.read(run)["copies_ended"]["reason"] == "the last tape was overwritten"
    with pytest.raises(BadInputError, match="already"):
        office.certifying.end_copies(run, reason="again", actor=IVY)


def test_disposed_is_not_captured_again_and_counted(office: Office) -> None:
    office.settle()
    office.kept |= dict.fromkeys(ids(2, 3, 4, 5, 6), Why.NOT_YET)
    office.destroying.execute(office.approved())
    said = Said(number=1, text="said again", capture="capture-9")
    kept = office.keep(said, Said(number=9), attachments=[office.picture(said, b"once more")])
    assert kept.disposed == ids(1)
    assert (kept.new, kept.attached) == (1, 0)
    office.catch_up()
    assert office.held() == ids(2, 3, 4, 5, 6, 9)
    assert [size for _, size in office.media.names()] == [len(b"of two")]
    assert office.searched("again") == 0


def test_an_index_that_is_down_delays_the_certificate_and_no_capture(office: Office, tmp_path: Path) -> None:
    office.settle()
    down = DownIndex(tmp_path / "index", heap_bytes=15_000_000)
    office.destroying.indexes = {"search index": down}
    run = office.approved()
    done = office.destroying.execute(run)
    assert (done.state, done.pending) == (
        RunState.VERIFYING,
        {"search index": "The search server does not answer."},
    )
    assert office.held() == set()
    assert office.run(run).done_at is not None
    assert office.keep(Said(number=9)).new == 1
    with pytest.raises(BadInputError, match="no certificate yet"):
        office.certifying.read(run)

    down.down = False
    (later,) = go_on(office.destroying).done

    assert (later.state, later.pending) == (RunState.CERTIFIED, {})
    assert office.certifying.read(run)["tries"] == 2
    assert go_on(office.destroying).done == ()


def test_a_run_closes_after_a_rebuild_never_during_one(office: Office) -> None:
    office.settle()
    run = office.approved()
    office.register.begin_rebuild(COUNCIL, "search", commit_no=2)
    assert office.destroying.execute(run).state is RunState.VERIFYING
    office.register.end_rebuild(COUNCIL, "search")
    assert office.destroying.execute(run).state is RunState.CERTIFIED


def test_disposed_stays_gone_after_rebuild(office: Office) -> None:
    office.settle()
    office.kept |= dict.fromkeys(ids(2, 3, 4, 5, 6), Why.NOT_YET)
    office.destroying.execute(office.approved())
    rebuild(office.archive, office.index, COUNCIL, erased=office.register)
    assert office.searched() == 5


def test_nothing_is_executed_before_its_time_or_without_two_approvals(office: Office) -> None:
    office.settle()
    run = office.proposed()
    with pytest.raises(NotApprovedError, match="under review"):
        office.destroying.execute(run)
    office.disposing.send_on(run, actor=BEN)
    office.disposing.approve(run, actor=BEN)
    with pytest.raises(NotApprovedError, match="proposed"):
        office.destroying.execute(run)
    office.disposing.approve(run, actor=IVY)
    office.clock.wait(timedelta(days=6).total_seconds())
    with pytest.raises(NotApprovedError, match="waits until"):
        office.destroying.execute(run)
    assert office.run(run).state is RunState.WAITING
    assert office.held() == ids(1, 2, 3, 4, 5, 6)


def test_approvals_end_after_thirty_days(office: Office) -> None:
    office.settle()
    run = office.approved()
    office.clock.wait(timedelta(days=24).total_seconds())
    with pytest.raises(NotApprovedError, match="30 days"):
        office.destroying.execute(run)
    assert office.run(run).state is RunState.UNDER_REVIEW
    (lapsed,) = [one for one in events(office) if isinstance(one, DisposalLapsed)]
    assert lapsed.after == "under review"
    assert office.held() == ids(1, 2, 3, 4, 5, 6)


def test_a_schedule_changed_between_approval_and_execution_stops_the_run(office: Office) -> None:
    office.settle()
    run = office.approved()
    office.schedule = b"\x02" * 32
    with pytest.raises(NotApprovedError, match="schedule has changed") as refused:
        office.destroying.execute(run)
    assert "propose a new list" in (refused.value.remedy or "")
    assert office.run(run).state is RunState.UNDER_REVIEW
    assert office.held() == ids(1, 2, 3, 4, 5, 6)


def test_an_edit_seen_during_the_waiting_period_drops_the_record_out(office: Office) -> None:
    office.settle()
    run = office.approved()
    office.keep(Said(number=3, text="edited while it waited"))
    done = office.destroying.execute(run)
    assert (done.records, done.dropped) == (5, {"changed": 1})
    assert office.held() == ids(3)


def test_a_hold_placed_during_the_waiting_period_keeps_the_record(office: Office) -> None:
    office.settle()
    run = office.approved()
    office.hold('"after all"')
    done = office.destroying.execute(run)
    assert (done.records, done.dropped) == (5, {"held": 1})
    assert office.held() == ids(2)
    assert office.certifying.read(run)["dropped_out"] == {"held": 1}


def test_when_nothing_is_left_the_run_ends_without_a_certificate(office: Office) -> None:
    office.settle()
    run = office.approved()
    office.hold("bins")
    done = office.destroying.execute(run)
    assert (done.state, done.records, done.certificate_no) == (RunState.CANCELLED, 0, None)
    assert office.held() == ids(1, 2, 3, 4, 5, 6)


def test_a_rehearsal_is_the_same_code_and_destroys_nothing(office: Office) -> None:
    office.settle()
    run = office.approved()
    office.hold('"after all"')
    told = office.destroying.rehearse(run)
    assert (told.records, told.dropped) == (5, {"held": 1})
    assert office.held() == ids(1, 2, 3, 4, 5, 6)
    assert not [one for one in events(office) if isinstance(one, DisposalBegun)]
    done = office.destroying.execute(run)
    assert (done.records, done.dropped) == (told.records, told.dropped)


def test_both_ids_of_a_record_go(office: Office) -> None:
    office.settle()
    office.kept |= dict.fromkeys(ids(2, 3, 4, 5, 6), Why.NOT_YET)
    office.register.tie(COUNCIL, "facebook:1", "facebook:4")
    done = office.destroying.execute(office.approved())
    assert done.records == 2
    assert office.held() == ids(2, 3, 5, 6)
    assert office.register.disposed(COUNCIL, ["facebook:1", "facebook:4"]) == ids(1, 4)


@pytest.mark.parametrize("decision", [Decision.KEEP, Decision.EXTEND])
def test_what_a_reviewer_keeps_does_not_go_by_its_other_id(office: Office, decision: Decision) -> None:
    office.settle()
    office.register.tie(COUNCIL, "facebook:1", "facebook:4")
    run = office.proposed()
    office.disposing.decide(
        run,
        decision,
        facet="record_id",
        value="facebook:4",
        reason="asked for",
        actor=BEN,
        until_on=date(2030, 1, 1) if decision is Decision.EXTEND else None,
    )
    office.disposing.send_on(run, actor=BEN)
    done = office.destroying.execute(office.approve(run))
    assert (done.records, done.dropped) == (4, {"other-id": 1})
    assert office.held() == ids(1, 4)


@pytest.mark.parametrize("why", [Why.EXTENDED, Why.CASE, Why.RESTRICTED])
def test_what_an_officer_keeps_does_not_go_by_its_other_id(office: Office, why: Why) -> None:
    office.settle()
    office.register.tie(COUNCIL, "facebook:1", "facebook:4")
    office.kept["facebook:4"] = why
    run = office.approved()
    done = office.destroying.execute(run)
    assert (done.records, done.dropped) == (4, {"other-id": 1})
    assert office.held() == ids(1, 4)


def test_what_changed_since_does_not_go_by_its_other_id(office: Office) -> None:
    office.settle()
    office.register.tie(COUNCIL, "facebook:1", "facebook:4")
    run = office.approved()
    office.keep(Said(number=4, text="The bins again."))
    done = office.destroying.execute(run)
    assert (done.records, done.dropped) == (4, {"changed": 1, "other-id": 1})
    assert office.held() == ids(1, 4)


def test_the_audit_says_how_many_and_by_which_digest(office: Office) -> None:
    office.settle()
    run = office.approved()
    office.destroying.execute(run)
    (begun,) = [one for one in events(office) if isinstance(one, DisposalBegun)]
    assert begun.records == 6
    assert begun.ids_digest == office.certifying.read(run)["ids_hmac_sha256"]
    whole = json.dumps([str(one) for one in events(office)])
    assert "facebook:" not in whole
