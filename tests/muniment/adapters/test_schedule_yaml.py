"""The schedule's file: the template is whole, and every mistake is told with file, line and class."""

from collections.abc import Callable
from pathlib import Path

import pytest

from muniment.adapters.schedule_yaml import TEMPLATE, load_schedule, read_schedule
from muniment.domain.retention import EVENTS, Action, Status, refusal
from schemas.errors import BadInputError

CLAIM = "evidence_of: [defamation]"
KEPT = f'period: "2y"\n    {CLAIM}'
TEXT = TEMPLATE.read_text(encoding="utf-8")
EMERGENCY = "class: EMG-POST\n    window: emergency"
ACTED = "level: thread\n    trigger: {event: action_taken}\n    period: "
Told = Callable[[str, str], list[str]]


@pytest.fixture
def told(tmp_path: Path) -> Told:
    """Return what is said of the template with one text replaced by another."""

    def change(old: str, new: str) -> list[str]:
        assert old in TEXT
        path = tmp_path / "schedule.yml"
        path.write_text(TEXT.replace(old, new, 1), encoding="utf-8")
        with pytest.raises(BadInputError) as refused:
            load_schedule(path)
        lines = refused.value.message.splitlines()
        assert all(line.startswith(f"{path}, line ") for line in lines)
        return [line.removeprefix(f"{path}, ") for line in lines]

    return change


def line_of(text: str) -> int:
    return TEXT[: TEXT.index(text)].count("\n") + 1


def test_the_template_is_whole_every_class_has_its_authority_and_it_disposes_of_nothing() -> None:
    schedule, text = load_schedule(TEMPLATE)
    assert len(schedule.classes) == 35
    assert all(one.authority for one in schedule.classes.values())
    assert all(rule.authority for rule in schedule.rules)
    assert schedule.status is Status.TEMPLATE
    assert refusal(schedule, schedule.effective_from)
    assert schedule.classes["COR-POST"].action is Action.TRANSFER
    assert read_schedule(text, "version 0.1.0") == schedule


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('period: "CASE+3"', 'period: "CASE-3"', "CASE-3"),
        ('period: "CASE+3"', 'period: "3 yrs"', "at character 3"),
        ('authority: "North Devon', 'autority: "North Devon', "'authority' is missing"),
        ('authority: "North Devon', 'authority: "" #', "authority"),
        ('action: permanent\n    authority: "North', 'action: burn\n    authority: "North', "burn"),
        (KEPT, KEPT.replace("2y", "6m"), "below the limitation floor of 1y"),
        (CLAIM, CLAIM.replace("defamation", "slander"), "no limitation floor is stated for 'slander'"),
        (CLAIM, f'{CLAIM}\n    below_floor: "so"', "not below any"),
        ("{contract_or_tort: 6y", "{contract_or_tort: six", "six"),
        ("{contract_or_tort: 6y", "{contract_or_tort: V", "no floor and no confidence"),
        ('period: "PERM"\n    action: permanent', 'period: "PERM"\n    action: review', "has none"),
        ("restricted_to: HR", 'restricted_to: "HR, Standards"', "one team"),
        ("trigger: {event: issued}", "trigger: {event: isued}", "no event is called 'isued'"),
        ("trigger: {event: block_lifted}", "trigger: {event: block_lifted, quiet: 3d}", "closes a thread"),
        ("unclassified_comment: PUB-COMMENT", "unclassified_comment: PUB-COMENT", "no class is called"),
        (EMERGENCY, "class: EMG\n    window: emergency", "no class is called 'EMG'"),
        (EMERGENCY, "class: CPL-CASE\n    window: emergency", "class of cases"),
        ("status: template ", "status: adopted ", "signed off"),
        ("effective_from: 2026-12-01", "effective_from: 2026-02-30", "write a day as"),
        ("code: AUD-CERT", "code: AUD-SEARCH", "twice"),
        ("code: AUD-CERT", "code: aud_cert", "capital letters"),
        ("    window: emergency\n", "    window: pre-election\n", "it never decides"),
        (ACTED + '"6y"', ACTED + '"CASE+6"', "counts from case_closed"),
        ('period: "until superseded + 6y"\n    action: transfer',
         'period: "until superseded + 6y"\n    action: permanent', "but the period"),
        ('period: "PERM"\n    action: permanent\n    authority: "Proposal: evi',
         'period: "PERM"\n    action: destroy\n    authority: "Proposal: evi', "never ends"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line(told: Told, old: str, new: str, said: str) -> None:
    lines = told(old, new)
    assert any(said in line for line in lines), lines


def test_the_line_is_that_of_the_mistake(told: Told) -> None:
    period = 'period: "CASE+3"'
    lines = told(period, 'period: "CASE-3"')
    assert lines[0].startswith(f"line {line_of(period)}: REQ-FILE: ")


def test_all_mistakes_are_told_at_once(told: Told) -> None:
    lines = told('period: "CASE+3"\n    action: destroy', 'period: "3 yrs"\n    action: shred')
    assert len(lines) == 2


def test_an_event_of_the_councils_own_is_declared(tmp_path: Path) -> None:
    path = tmp_path / "schedule.yml"
    text = TEXT.replace("trigger: {event: issued}", "trigger: {event: bridge_opened}")
    path.write_text("events: {bridge_opened: the bridge was opened}\n" + text, encoding="utf-8")
    schedule, _ = load_schedule(path)
    assert schedule.events == {"bridge_opened": "the bridge was opened"}
    assert "bridge_opened" not in EVENTS


def test_the_word_of_older_templates_for_an_offer_is_understood(tmp_path: Path) -> None:
    path = tmp_path / "schedule.yml"
    path.write_text(TEXT.replace("action: transfer", "action: archive_offer"), encoding="utf-8")
    assert load_schedule(path)[0].classes["COR-POST"].action is Action.TRANSFER


@pytest.mark.parametrize("text", ["", "a: [", "- 1", "schedule: {}\n"])
def test_what_is_no_schedule_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "schedule.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInputError):
        load_schedule(path)


def test_a_recorded_reason_lets_a_period_below_its_floor_through_and_nothing_else_does(
    tmp_path: Path,
) -> None:
    path = tmp_path / "schedule.yml"
    now = KEPT.replace("2y", "6m") + '\n    below_floor: "Legal Services, 3 March 2026"'
    path.write_text(TEXT.replace(KEPT, now, 1), encoding="utf-8")
    schedule, _ = load_schedule(path)
    (below,) = [one for one in schedule.classes.values() if one.below_floor is not None]
    assert below.floors == ()
    assert below.evidence_of == {"defamation"}
    assert schedule.classes["CPL-CASE"].floors != ()
