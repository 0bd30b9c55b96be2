"""What a plan must say, worked out the slow and plain way: one record at a time, no Arrow, no shared step.

Only the grammar and the counting of periods are shared with the product: the published vectors hold those.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from bench.retention_world import Row
from muniment.domain.counting import Ending, add, ending
from muniment.domain.period import TRIGGER, Then
from muniment.domain.planning import Circumstances
from muniment.domain.retention import Action, AfterTransfer, ClassRule, RetentionClass, Schedule, WindowKind
from muniment.domain.triggers import Scope
from schemas.vocabulary import AuthorRole, Kind, Series

__all__ = ["Told", "expected"]

_LONDON = ZoneInfo("Europe/London")
_TALK = (Kind.COMMENT, Kind.MESSAGE)


@dataclass(slots=True, kw_only=True)
class Told:
    """What the plan must say of one record."""

    fate: str
    why: str | None
    retention_class: str | None
    rule: str | None
    due_from: date | None
    review_on: date | None
    case_id: str | None
    restricted_to: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    row: Row
    filed_on: date
    first_on: date
    last_on: date
    changed_on: date


def expected(
    rows: Sequence[Row], schedule: Schedule, around: Circumstances, as_of: date
) -> Mapping[str, Told]:
    """Return what must be said of every record."""
    records = {
        record_id: _record([row for row in rows if row.record_id == record_id])
        for record_id in {row.record_id for row in rows}
    }
    told = {
        record_id: _told(record, list(records.values()), schedule, around, as_of)
        for record_id, record in records.items()
    }
    if schedule.defaults.together:
        _keep_threads(records, told)
    return told


def _record(versions: Sequence[Row]) -> _Record:
    newest = max(versions, key=lambda row: row.commit_no)
    first = min(row.captured_at for row in versions)
    changes = [
        row.version_at or (row.captured_at if row.captured_at > first else row.filed_at) for row in versions
    ]
    return _Record(
        row=newest,
        filed_on=newest.filed_at.astimezone(_LONDON).date(),
        first_on=first.astimezone(_LONDON).date(),
        last_on=max(one.captured_at for one in versions).astimezone(_LONDON).date(),
        changed_on=max([newest.filed_at, *changes]).astimezone(_LONDON).date(),
    )


def _told(  # noqa: C901 -- read from top to bottom it is the rule itself
    record: _Record, records: Sequence[_Record], schedule: Schedule, around: Circumstances, as_of: date
) -> Told:
    thread = [one for one in records if one.row.thread_id == record.row.thread_id]
    code, rule = _class_of(record, thread, schedule, around)
    own, first = schedule.classes.get(code or ""), code
    end = Ending(eligible_from=None, missing=frozenset({"class"}))
    if own is not None:
        events = _events(record, thread, own, rule=rule, schedule=schedule, around=around)
        end = _at_least(
            own, ending(own.period, events, current_year=schedule.current_year), events.get(TRIGGER)
        )
    due, review, then, permanent = end.eligible_from, end.review_on, end.then, end.permanent
    case_id: str | None = None
    cases = around.cases.of_record.get(record.row.record_id, ())
    ends = {case: _case_end(case, schedule, around) for case in cases}
    open_cases = sorted(case for case, one in ends.items() if one is None or one.eligible_from is None)
    last = max((one.eligible_from for one in ends.values() if one and one.eligible_from), default=None)
    if open_cases:
        case_id = open_cases[0]
    elif due is not None and last is not None and last >= due:
        case_id = max(case for case, one in ends.items() if one and one.eligible_from == last)
    elif review is not None and last is not None:
        review = max(review, last)
    if case_id is not None:
        case_end = ends[case_id]
        own, rule = schedule.classes.get(around.cases.classes[case_id]), "case"
        code = None if own is None else own.code
        due = case_end.eligible_from if case_end else None
        review = case_end.review_on if case_end else None
        then = case_end.then if case_end else None
        permanent = case_end is not None and case_end.permanent
    before = (due, review)
    until = around.extended.get(record.row.record_id)
    if until is not None:
        due = None if due is None else max(due, until + timedelta(days=1))
        review = None if review is None else max(review, until + timedelta(days=1))
    fate, why = _by_clock(own, due, review, then, permanent=permanent, as_of=as_of)
    if fate == "kept":
        if case_id is not None:
            why = "case"
        elif own is None:
            why = "no-class"
        elif until is not None and until >= as_of and any(day is not None and day <= as_of for day in before):
            why = "extended"
    teams = _teams(first, cases, schedule, around)
    fate, why = _stops(record, own, fate, why, around, teams=teams)
    return Told(
        fate=fate,
        why=why,
        retention_class=code,
        rule=rule,
        due_from=due,
        review_on=review,
        case_id=case_id,
        restricted_to=", ".join(sorted(teams)) or None,
    )


def _teams(
    code: str | None, cases: Sequence[str], schedule: Schedule, around: Circumstances
) -> frozenset[str]:
    """Return who alone may see a record: by its own class, and by that of every case it is in."""
    codes = [code, *(around.cases.classes[case] for case in cases)]
    found = [schedule.classes.get(one or "") for one in codes]
    return frozenset(one.restricted_to for one in found if one is not None and one.restricted_to is not None)


def _by_clock(
    own: RetentionClass | None,
    due: date | None,
    review: date | None,
    then: Then | None,
    *,
    permanent: bool,
    as_of: date,
) -> tuple[str, str | None]:
    if own is None:
        return "kept", "no-class"
    if due is not None and due <= as_of:
        if own.action is Action.PERMANENT:
            return "kept", "permanent"
        words = {Action.REVIEW: "review", Action.TRANSFER: "transfer"}
        return words.get(own.action, "due"), None
    if review is not None and review <= as_of:
        return ("transfer" if then is Then.OFFER else "review"), None
    if permanent:
        return "kept", "permanent" if review is None else "not-yet"
    return "kept", "not-triggered" if due is None else "not-yet"


def _stops(
    record: _Record,
    own: RetentionClass | None,
    fate: str,
    why: str | None,
    around: Circumstances,
    *,
    teams: frozenset[str],
) -> tuple[str, str | None]:
    record_id = record.row.record_id
    if record_id in around.underway:
        return "kept", "underway"
    if record_id in around.held:
        return "kept", "held"
    if around.may_see is not None and not teams <= around.may_see:
        return "kept", "restricted"
    packed_on = around.transferred.get(record_id)
    if fate == "transfer" and packed_on is not None and record.last_on <= packed_on and own is not None:
        return ("due", None) if own.after_transfer is AfterTransfer.DESTROY else ("kept", "transferred")
    return fate, why


def _keep_threads(records: Mapping[str, _Record], told: Mapping[str, Told]) -> None:
    stays = {
        record.row.thread_id
        for record_id, record in records.items()
        if record.row.kind in _TALK and told[record_id].fate != "due"
    }
    for record_id, record in records.items():
        if record.row.thread_id in stays and told[record_id].fate == "due":
            told[record_id].fate, told[record_id].why = "kept", "thread"
    going: dict[str, set[str]] = {}
    for record_id, record in records.items():
        if told[record_id].fate == "due":
            teams = (told[record_id].restricted_to or "").split(", ")
            going.setdefault(record.row.thread_id, set()).update(team for team in teams if team)
    for record_id, record in records.items():
        if told[record_id].fate == "due":
            told[record_id].restricted_to = ", ".join(sorted(going[record.row.thread_id])) or None


def _class_of(  # noqa: PLR0911 -- one for each way to a class
    record: _Record, thread: Sequence[_Record], schedule: Schedule, around: Circumstances
) -> tuple[str | None, str | None]:
    setting, row = around.setting, record.row
    if row.record_id in setting.by_record:
        return _known(setting.by_record[row.record_id], schedule), "officer"
    if row.kind in _TALK and row.thread_id in setting.by_thread:
        return _known(setting.by_thread[row.thread_id], schedule), "officer"
    if row.kind is Kind.UNREAD:
        return None, None
    for rule in schedule.rules:
        if _fits(rule, record, thread, around):
            return rule.gives, rule.name
    if row.kind is Kind.MESSAGE:
        return schedule.defaults.message, "default: message"
    if row.kind is not Kind.COMMENT and row.series is Series.OWN:
        return schedule.defaults.own_post, "default: own post"
    return schedule.defaults.comment, "default: comment"


def _known(code: str, schedule: Schedule) -> str | None:
    return code if code in schedule.classes else None


def _fits(rule: ClassRule, record: _Record, thread: Sequence[_Record], around: Circumstances) -> bool:
    row = record.row
    talk = [one.row.author_role is AuthorRole.COUNCIL for one in thread if one.row.kind in _TALK]
    public = not all(talk)
    answered = public and any(talk)
    checks = (
        not rule.accounts or row.account in rule.accounts,
        not rule.account_kinds or around.setting.account_kinds[row.account] in rule.account_kinds,
        not rule.kinds or row.kind in rule.kinds,
        not rule.series or row.series in rule.series,
        not rule.author_roles or row.author_role in rule.author_roles,
        rule.window is None or bool(_windows(record, around, rule.window)),
        rule.thread_answered in (None, answered),
        rule.thread_public in (None, public),
        rule.since is None or record.filed_on >= rule.since,
        rule.until is None or record.filed_on <= rule.until,
    )
    return all(checks)


def _windows(record: _Record, around: Circumstances, kind: WindowKind | None) -> list[str]:
    return [
        one.name
        for one in around.setting.windows
        if kind in (None, one.kind)
        and one.since <= record.filed_on
        and (one.until is None or record.filed_on <= one.until)
        and (not one.accounts or record.row.account in one.accounts)
    ]


def _events(
    record: _Record,
    thread: Sequence[_Record],
    own: RetentionClass,
    *,
    rule: str | None,
    schedule: Schedule,
    around: Circumstances,
) -> Mapping[str, date]:
    window = next((one.window for one in schedule.rules if one.name == rule), None)
    names = own.events | {own.event}
    found = {name: _event(name, record, thread, own, window=window, around=around) for name in names}
    known = {name: on for name, on in found.items() if on is not None}
    if own.event in known:
        known[TRIGGER] = known[own.event]
        if "+" in own.written and any(f"{number}+" in own.written for number in range(10)):
            known[TRIGGER] = max(known[TRIGGER], record.changed_on)
    return known


def _event(
    name: str,
    record: _Record,
    thread: Sequence[_Record],
    own: RetentionClass,
    *,
    window: WindowKind | None,
    around: Circumstances,
) -> date | None:
    facts, row = around.facts, record.row
    if name in ("thread_closed", "enquiry_closed"):
        active = max(one.changed_on for one in thread)
        told = [
            facts.get((name, Scope.THREAD, row.thread_id)),
            facts.get(("account_closed", Scope.ACCOUNT, row.account)),
        ]
        closings = [on for on in told if on is not None and on >= active]
        if own.quiet is not None:
            closings.append(add(active, own.quiet))
        return min(closings, default=None)
    found = [facts.get((name, Scope.RECORD, row.record_id)), facts.get((name, Scope.THREAD, row.thread_id))]
    wide = [facts.get((name, Scope.ACCOUNT, row.account)), facts.get((name, Scope.COUNCIL, ""))]
    in_windows = [facts.get((name, Scope.WINDOW, one)) for one in _windows(record, around, None)]
    deciding = [] if window is None else _windows(record, around, window)
    waiting = any(
        (on := facts.get((name, Scope.WINDOW, one))) is None or on < record.filed_on for one in deciding
    )
    wide += [] if waiting else in_windows
    found += [on for on in wide if on is not None and on >= record.filed_on]
    found.append(
        {"published": record.filed_on, "captured": record.first_on, "last_action": record.changed_on}.get(
            name
        )
    )
    return max((on for on in found if on is not None), default=None)


def _at_least(own: RetentionClass, end: Ending, base: date | None) -> Ending:
    """Offer what is permanent and to be transferred at once; let nothing happen before a floor."""
    if base is None:
        return end
    due, review, then = end.eligible_from, end.review_on, end.then
    if own.action is Action.TRANSFER and end.permanent and review is None:
        review, then = base, Then.OFFER
    for floor in own.floors:
        first = add(base, floor) + timedelta(days=1)
        due = None if due is None else max(due, first)
        review = None if review is None else max(review, first)
    return replace(end, eligible_from=due, review_on=review, then=then)


def _case_end(case: str, schedule: Schedule, around: Circumstances) -> Ending | None:
    one = schedule.classes.get(around.cases.classes[case])
    if one is None:
        return None
    happened = {
        event: on for (event, scope, name), on in around.facts.items() if scope is Scope.CASE and name == case
    }
    if one.event in happened:
        happened[TRIGGER] = happened[one.event]
    return _at_least(
        one, ending(one.period, happened, current_year=schedule.current_year), happened.get(TRIGGER)
    )
