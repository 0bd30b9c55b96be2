"""Whether a schedule makes sense: what no single field shows, with the place to mend it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from muniment.domain.period import Longest, Period, Permanent, Reviewed, Then
from muniment.domain.retention import (
    CLOSING,
    EVENTS,
    Action,
    ClassRule,
    Level,
    RetentionClass,
    Schedule,
    Status,
)

__all__ = ["contradictions"]

Where = tuple[str | int, ...]


def contradictions(schedule: Schedule, places: Mapping[str, int]) -> Iterator[tuple[Where, str]]:
    """Yield what cannot be meant; `places` says where in the file each class stands."""
    if schedule.status is Status.ADOPTED and schedule.sign_off.missing:
        yield (
            ("schedule", "sign_off"),
            f"an adopted schedule is signed off: {', '.join(schedule.sign_off.missing)} is empty",
        )
    for field, code in (
        ("unclassified_own_post", schedule.defaults.own_post),
        ("unclassified_comment", schedule.defaults.comment),
        ("unclassified_message", schedule.defaults.message),
    ):
        for what in _unusable(schedule, code):
            yield ("defaults", field), what
    for code, one in schedule.classes.items():
        where: Where = ("classes", places[code])
        yield from ((where + at, f"{code}: {what}") for at, what in _of_class(one, schedule))
    yield from _of_rules(schedule)


def _of_class(one: RetentionClass, schedule: Schedule) -> Iterator[tuple[Where, str]]:
    for event in sorted(one.events | {one.event}):
        if event not in EVENTS and event not in schedule.events:
            at: Where = ("trigger", "event") if event == one.event else ("period",)
            yield at, f"no event is called '{event}'; declare it under 'events', or write a known one"
    if one.event not in one.events and not _is_permanent(one.period):
        yield (
            ("period",),
            (
                f"the period '{one.written}' counts from {', '.join(sorted(one.events))}, "
                f"but the trigger is {one.event}"
            ),
        )
    if one.quiet is not None and one.event not in CLOSING:
        yield (
            ("trigger", "quiet"),
            f"'quiet' closes a thread: it goes with {' or '.join(sorted(CLOSING))} only",
        )
    permanent = _is_permanent(one.period)
    if one.action is Action.REVIEW and permanent and not _has_review(one.period):
        yield (
            ("action",),
            f"the action is review, but '{one.written}' has none: write 'PERM review at 10y then decide'",
        )
    if one.action is Action.PERMANENT and not permanent:
        yield ("action",), f"the action is permanent, but the period '{one.written}' ends"
    if (
        one.action in (Action.DESTROY, Action.ANONYMISE)
        and permanent
        and not _ends_in(one.period, Then.DESTROY)
    ):
        yield ("action",), f"the action is {one.action}, but the period '{one.written}' never ends"
    if one.action is Action.PERMANENT and _ends_in(one.period, Then.DESTROY):
        yield ("action",), "the action is permanent, but its review leads to destruction"


def _of_rules(schedule: Schedule) -> Iterator[tuple[Where, str]]:
    for number, rule in enumerate(schedule.rules):
        where: Where = ("classification", number)
        for what in _unusable(schedule, rule.gives):
            yield (*where, "class"), f"{rule.name}: {what}"
        if rule.since is not None and rule.until is not None and rule.until < rule.since:
            yield (*where, "until"), f"{rule.name}: 'until' is before 'from'"
        if rule.thread_answered and rule.thread_public is False:
            yield where, f"{rule.name}: a thread that was answered has something of the public in it"
        earlier = next((one for one in schedule.rules[:number] if _is_wider(one, rule)), None)
        if earlier is not None:
            yield (
                where,
                f"{rule.name}: it never decides, since '{earlier.name}' before it fits all that it fits",
            )


def _unusable(schedule: Schedule, code: str) -> Iterator[str]:
    found = schedule.classes.get(code)
    if found is None:
        yield f"no class is called '{code}'"
    elif found.level is Level.CASE:
        yield f"{code} is a class of cases: records get it by being linked to a case, not by a rule"


def _is_wider(earlier: ClassRule, later: ClassRule) -> bool:
    """Return whether whatever the later rule fits, the earlier one fits too."""
    if _conditions(earlier) == _conditions(later):
        return True
    sets = ("accounts", "account_kinds", "platforms", "kinds", "series", "author_roles")
    for name in sets:
        wide, narrow = getattr(earlier, name), getattr(later, name)
        if wide and not (narrow and narrow <= wide):
            return False
    for name in ("window", "thread_answered", "thread_public"):
        if getattr(earlier, name) not in (None, getattr(later, name)):
            return False
    starts = earlier.since is None or (later.since is not None and later.since >= earlier.since)
    return starts and (earlier.until is None or (later.until is not None and later.until <= earlier.until))


def _conditions(rule: ClassRule) -> ClassRule:
    return replace(rule, name="", gives="", authority="")


def _is_permanent(period: Period | None) -> bool:
    match period:
        case None | Permanent():
            return True
        case Reviewed(period=inner):
            return _is_permanent(inner)
        case Longest(periods=periods):
            return any(map(_is_permanent, periods))
        case _:
            return False


def _has_review(period: Period) -> bool:
    match period:
        case Reviewed():
            return True
        case Longest(periods=periods):
            return any(map(_has_review, periods))
        case _:
            return False


def _ends_in(period: Period, then: Then) -> bool:
    match period:
        case Reviewed(then=found):
            return found is then
        case Longest(periods=periods):
            return any(_ends_in(one, then) for one in periods)
        case _:
            return False
