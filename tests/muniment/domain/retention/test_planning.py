"""What the template makes of a small council's records, day by day: the rules that officers rely on."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from muniment.domain.classifying import Setting, Window
from muniment.domain.duties import Cases
from muniment.domain.period import parse_period
from muniment.domain.planning import Circumstances
from muniment.domain.retention import Action, AfterTransfer, Schedule, Status, WindowKind, in_force, refusal
from muniment.domain.triggers import Scope
from tests.muniment.domain.retention.council import (
    POSTED,
    SIGNED,
    adopted,
    comment,
    planned,
    post,
    reply,
    template,
    told,
)

DAY = date(2027, 3, 1)
CLOSED = DAY + timedelta(days=90)  # 30 May 2027
DUE = date(2029, 5, 31)


def with_class(code: str, **changes: object) -> Schedule:
    schedule = adopted()
    made = replace(schedule.classes[code], **changes)  # type: ignore[arg-type] # built from names
    return replace(schedule, classes={**schedule.classes, code: made})


def test_a_thread_closes_after_ninety_quiet_days_and_its_comments_go_two_years_later() -> None:
    rows = (post(), comment(2), comment(3))
    day_before = told(planned(*rows, on=DUE - timedelta(days=1)))
    assert day_before == {"x:1": "not-yet", "x:2": "not-yet", "x:3": "not-yet"}
    assert told(planned(*rows, on=DUE)) == {"x:1": "not-yet", "x:2": "due", "x:3": "due"}
    assert told(planned(*rows, on=DUE), "event", "event_on", "due_from")["x:2"] == (
        "thread_closed",
        CLOSED,
        DUE,
    )


def test_one_new_comment_or_edit_opens_the_thread_again_for_all() -> None:
    later = POSTED + timedelta(days=80)
    for row in (comment(3, filed_at=later), comment(2, version_at=later, commit_no=2)):
        made = planned(post(), comment(2), row, on=DUE)
        assert told(made)["x:2"] == "not-yet"


def test_a_late_capture_of_an_old_comment_is_no_new_activity() -> None:
    late = comment(3, captured_at=POSTED + timedelta(days=900), commit_no=9)
    assert told(planned(post(), comment(2), late, on=DUE))["x:3"] == "due"


def test_half_past_eleven_at_night_in_utc_is_the_next_day_in_summer() -> None:
    night = datetime(2027, 3, 31, 23, 30, tzinfo=UTC)
    row = comment(2, filed_at=night, captured_at=night)
    assert told(planned(row, on=DAY), "filed_on") == {"x:2": (date(2027, 4, 1),)}


def test_a_thread_that_the_council_answered_is_an_enquiry() -> None:
    made = planned(post(), comment(2), reply(3), comment(4, thread_id="x:9"), on=DAY)
    assert told(made, "class", "rule") == {
        "x:1": ("COR-POST", "default: own post"),
        "x:2": ("PUB-ENQUIRY", "comments and messages that the council answered"),
        "x:3": ("PUB-ENQUIRY", "comments and messages that the council answered"),
        "x:4": ("PUB-COMMENT", "default: comment"),
    }


def test_a_post_that_the_council_went_on_with_in_answers_to_itself_stays_a_post() -> None:
    assert told(planned(post(), reply(2), on=DAY), "class")["x:2"] == ("COR-POST",)


def test_a_held_comment_keeps_its_whole_thread_and_nothing_else() -> None:
    rows = (post(), comment(2), comment(3), comment(4, thread_id="x:9"))
    made = planned(*rows, on=DUE, around=Circumstances(held=frozenset({"x:2"})))
    assert told(made) == {"x:1": "not-yet", "x:2": "held", "x:3": "thread", "x:4": "due"}


def test_a_post_never_goes_before_what_hangs_below_it() -> None:
    schedule = with_class("COR-POST", period=parse_period("30d"), action=Action.DESTROY)
    rows = (post(), comment(2), post(5))
    assert told(planned(*rows, on=date(2027, 4, 1), schedule=schedule)) == {
        "x:1": "thread",
        "x:2": "not-yet",
        "x:5": "due",
    }
    assert told(planned(*rows, on=DUE, schedule=schedule)) == {"x:1": "due", "x:2": "due", "x:5": "due"}


def test_what_could_not_be_read_has_no_class_and_stays_until_an_officer_decides() -> None:
    row = comment(2, kind="unread", series="unread")
    assert told(planned(row, on=DUE)) == {"x:2": "no-class"}
    decided = Circumstances(setting=Setting(by_record={"x:2": "PUB-COMMENT"}))
    assert told(planned(row, on=DUE, around=decided), "fate", "rule") == {"x:2": ("due", "officer")}


def test_posts_before_an_election_wait_for_its_result_and_not_for_an_earlier_one() -> None:
    window = Window(
        name="may-2027", kind=WindowKind.PRE_ELECTION, since=date(2027, 2, 20), until=date(2027, 5, 6)
    )
    setting = Setting(windows=(window,))
    earlier = {("result_declared", Scope.COUNCIL, ""): date(2023, 5, 5)}
    around = Circumstances(setting=setting, facts=earlier)
    assert told(planned(post(), on=DUE, around=around), "class", "why") == {
        "x:1": ("ELE-POST", "not-triggered")
    }
    declared = {("result_declared", Scope.WINDOW, "may-2027"): date(2027, 5, 7)}
    around = Circumstances(setting=setting, facts={**earlier, **declared})
    made = planned(post(), on=date(2033, 5, 8), around=around)
    assert told(made, "fate", "event_on", "due_from") == {
        "x:1": ("review", date(2027, 5, 7), date(2033, 5, 8))
    }


def test_a_person_closes_a_thread_earlier_and_a_later_comment_opens_it_again() -> None:
    facts = {("thread_closed", Scope.THREAD, "x:1"): date(2027, 3, 10)}
    around = Circumstances(facts=facts)
    assert told(planned(comment(2), on=date(2029, 3, 11), around=around)) == {"x:2": "due"}
    again = comment(3, filed_at=POSTED + timedelta(days=20))
    assert told(planned(comment(2), again, on=date(2029, 3, 11), around=around))["x:2"] == "not-yet"


def test_a_linked_record_takes_the_class_of_the_investigation_when_that_lasts_longer() -> None:
    cases = Cases(classes={"hr-7": "HR-EVIDENCE"}, of_record={"x:2": ("hr-7",)})
    facts = {("leaves_employment", Scope.CASE, "hr-7"): date(2028, 1, 31)}
    of_hr = Circumstances(cases=cases, may_see=frozenset({"HR"}))
    open_case = planned(comment(2), on=DUE, around=of_hr)
    assert told(open_case, "why", "class", "case_id") == {"x:2": ("case", "HR-EVIDENCE", "hr-7")}
    around = Circumstances(cases=cases, facts=facts, may_see=frozenset())
    hidden = planned(comment(2), on=date(2034, 2, 1), around=around)
    assert told(hidden) == {"x:2": "restricted"}
    seen = planned(comment(2), on=date(2034, 2, 1), around=replace(around, may_see=frozenset({"HR"})))
    assert told(seen, "fate", "class", "rule", "due_from") == {
        "x:2": ("due", "HR-EVIDENCE", "case", date(2034, 2, 1))
    }


def test_a_case_that_ends_sooner_than_the_records_own_class_changes_nothing() -> None:
    cases = Cases(classes={"inv-1": "INV-COPY"}, of_record={"x:2": ("inv-1",)})
    facts = {("case_closed", Scope.CASE, "inv-1"): DAY}
    made = planned(comment(2), on=DUE, around=Circumstances(cases=cases, facts=facts))
    assert told(made, "fate", "class", "case_id") == {"x:2": ("due", "PUB-COMMENT", None)}


def test_a_case_that_still_runs_keeps_a_post_from_being_given_away() -> None:
    cases = Cases(classes={"inv-1": "INV-COPY"}, of_record={"x:1": ("inv-1",)})
    facts = {("case_closed", Scope.CASE, "inv-1"): date(2040, 1, 1)}
    around = Circumstances(cases=cases, facts=facts)
    assert told(planned(post(), on=date(2037, 3, 1))) == {"x:1": "transfer"}
    assert told(planned(post(), on=date(2037, 3, 1), around=around)) == {"x:1": "not-yet"}
    assert told(planned(post(), on=date(2041, 1, 2), around=around)) == {"x:1": "transfer"}


def test_a_case_of_a_class_that_the_schedule_has_not_keeps() -> None:
    cases = Cases(classes={"old": "OLD-CLASS"}, of_record={"x:2": ("old",)})
    assert told(planned(comment(2), on=DUE, around=Circumstances(cases=cases))) == {"x:2": "case"}


def test_an_extension_keeps_until_its_last_day_and_never_shortens() -> None:
    extended = Circumstances(extended={"x:2": DUE + timedelta(days=10)})
    assert told(planned(comment(2), on=DUE + timedelta(days=10), around=extended)) == {"x:2": "extended"}
    assert told(planned(comment(2), on=DUE + timedelta(days=11), around=extended)) == {"x:2": "due"}
    early = Circumstances(extended={"x:2": DAY})
    assert told(planned(comment(2), on=DUE - timedelta(days=1), around=early)) == {"x:2": "not-yet"}


def test_what_the_record_office_received_stays_or_goes_as_the_class_says() -> None:
    received = Circumstances(transferred={"x:1": date(2037, 2, 1)})
    on = date(2037, 3, 1)
    assert told(planned(post(), on=on, around=received)) == {"x:1": "transferred"}
    schedule = with_class("COR-POST", after_transfer=AfterTransfer.DESTROY)
    assert told(planned(post(), on=on, schedule=schedule, around=received)) == {"x:1": "due"}


def test_a_version_captured_after_the_package_is_offered_and_not_destroyed() -> None:
    schedule = with_class("COR-POST", after_transfer=AfterTransfer.DESTROY)
    on = date(2037, 3, 1)
    edited = [post(), post(commit_no=2, captured_at=datetime(2037, 2, 2, 12, tzinfo=UTC), version_at=POSTED)]
    for packed_on, fate in ((date(2037, 2, 1), "transfer"), (date(2037, 2, 2), "due")):
        received = Circumstances(transferred={"x:1": packed_on})
        assert told(planned(*edited, on=on, schedule=schedule, around=received)) == {"x:1": fate}


def test_a_template_an_unsigned_and_a_withdrawn_schedule_plan_but_dispose_of_nothing() -> None:
    on = date(2027, 1, 1)
    assert refusal(adopted(), on) is None
    unsigned = replace(adopted(), sign_off=replace(SIGNED, minute_reference=None))
    for schedule, said in (
        (None, "No schedule"),
        (template(), "template"),
        (unsigned, "minute_reference"),
        (replace(adopted(), status=Status.WITHDRAWN), "withdrawn"),
        (replace(adopted(), effective_from=date(2028, 1, 1)), "2028"),
    ):
        assert said in (refusal(schedule, on) or "")
    assert "template" in planned(comment(2), on=DUE, schedule=template()).basis


def test_the_version_in_force_is_the_one_that_took_effect_last() -> None:
    first = adopted()
    second = replace(first, version="2.0", effective_from=date(2030, 1, 1))
    assert in_force((second, first), date(2029, 12, 31)) == first
    assert in_force((second, first), date(2030, 1, 1)) == second
    assert in_force((), date(2030, 1, 1)) is None
    assert in_force((second,), date(2029, 1, 1)) is None


@pytest.mark.parametrize("word", ["message", "comment"])
def test_by_item_nothing_waits_for_its_thread(word: str) -> None:
    schedule = adopted()
    schedule = replace(schedule, defaults=replace(schedule.defaults, together=False))
    around = Circumstances(held=frozenset({"x:2"}))
    rows = (comment(2, kind=word), comment(3, kind=word))
    assert told(planned(*rows, on=DUE, schedule=schedule, around=around)) == {"x:2": "held", "x:3": "due"}


def test_an_empty_archive_makes_an_empty_plan() -> None:
    made = planned(on=DUE)
    assert made.items.num_rows == 0
    assert made.counts() == ()
