"""The retention schedule, a YAML file that a records officer can read; strictly checked, every mistake told.

docs/officer/retention.md explains every field; muniment/schedules/uk_local_gov.yml is the template that every
council starts from. What cannot be right is refused: a class without authority or period, a period that its
action contradicts, an event that nobody will ever record, a rule that never decides.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from muniment.adapters.schedule_sense import contradictions
from muniment.adapters.strict_yaml import in_words, line_of, read, read_text, refuse, repeated_keys
from muniment.domain.floors import floors_for, is_below
from muniment.domain.period import Duration, PeriodError, YearKind, parse_duration, parse_period
from muniment.domain.retention import (
    Action,
    AfterTransfer,
    ClassRule,
    Defaults,
    Level,
    RetentionClass,
    Schedule,
    SignOff,
    Status,
    WindowKind,
)
from schemas.vocabulary import AccountKind, AuthorRole, Kind, Series

__all__ = ["TEMPLATE", "field_names", "load_schedule", "read_schedule"]

TEMPLATE: Final = Path(__file__).parent.parent / "schedules" / "uk_local_gov.yml"
"""The template that muniment brings."""

_CONFIDENCE: Final = ("V", "V2", "GK")
"""How well floors are supported: the field `confidence` of each law's."""
_STRICT = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9]*(-[A-Z0-9]+)*$", max_length=40)]
Team = Annotated[str, StringConstraints(pattern=r"^[^\W\d_][\w .'&/-]{0,79}$")]
Event = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,40}$")]


def _duration(text: Any) -> Any:
    try:
        parse_duration(str(text))
    except PeriodError as error:
        raise ValueError(str(error)) from error
    return str(text)


def _period(text: Any) -> Any:
    try:
        parse_period(str(text))
    except PeriodError as error:
        raise ValueError(str(error)) from error
    return str(text)


def _action(word: Any) -> Any:
    return "transfer" if word == "archive_offer" else word  # the word of older templates


def _floor(text: Any) -> Any:
    return text if text in _CONFIDENCE else _duration(text)


Span = Annotated[str, BeforeValidator(_duration)]
Law = Literal["england_wales", "northern_ireland", "scotland"]
Floor = Annotated[str, BeforeValidator(_floor)]
PeriodText = Annotated[str, BeforeValidator(_period)]


class _Model(BaseModel):
    model_config = _STRICT


class TriggerEntry(_Model):
    """The event that a class counts from."""

    event: Event
    count_from: Words | None = None
    quiet: Span | None = None


class ClassEntry(_Model):
    """One class."""

    code: Code
    title: Words
    description: Words
    level: Level
    trigger: TriggerEntry
    period: PeriodText
    action: Annotated[Action, BeforeValidator(_action)]
    after_transfer: AfterTransfer = AfterTransfer.KEEP
    authority: Words
    confidence: Literal["V", "V2", "GK"]
    alternative_period: PeriodText | None = None
    restricted_to: Team | None = None
    co_review: Team | None = None
    evidence_of: frozenset[Event] = frozenset()
    below_floor: Words | None = None
    notes: Words | None = None


class RuleEntry(_Model):
    """One rule of classification."""

    name: Words
    gives: Code = Field(alias="class")
    authority: Words
    accounts: frozenset[Words] = frozenset()
    account_kinds: frozenset[AccountKind] = frozenset()
    platforms: frozenset[Words] = frozenset()
    kinds: frozenset[Kind] = frozenset()
    series: frozenset[Series] = frozenset()
    author_roles: frozenset[AuthorRole] = frozenset()
    window: WindowKind | None = None
    thread_answered: bool | None = None
    thread_public: bool | None = None
    since: date | None = Field(default=None, alias="from")
    until: date | None = None


class SignOffEntry(_Model):
    """Who adopted it."""

    council: Words | None = None
    approved_by: Words | None = None
    role: Words | None = None
    on: date | None = Field(default=None, alias="date")
    minute_reference: Words | None = None


class Head(_Model):
    """What the schedule is."""

    schedule_id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,80}$")] = Field(alias="id")
    title: Words
    version: Annotated[str, StringConstraints(pattern=r"^[0-9]+(\.[0-9]+){0,3}$")]
    effective_from: date
    status: Status
    review_every: Span = "2y"
    current_year_means: YearKind = YearKind.FINANCIAL
    nations: tuple[Literal["ENG", "WAL", "SCT", "NIR"], ...] = ()
    sign_off: SignOffEntry
    rules: tuple[Words, ...] = ()


class DefaultsEntry(_Model):
    """What holds where no rule says more."""

    unclassified_own_post: Code
    unclassified_comment: Code
    unclassified_message: Code
    on_missing_trigger: Literal["keep"] = "keep"
    disposed_together: Literal["thread", "item"] = "thread"
    waiting_period: Span = "7d"
    foi_hold_tail: Span = "6m"
    hold_review_every: Span = "6m"


class ScheduleFile(_Model):
    """The whole file."""

    schedule: Head
    defaults: DefaultsEntry
    limitation_floors: dict[Law, dict[Event, Floor]] = Field(default_factory=dict)
    events: dict[Event, Words] = Field(default_factory=dict)
    classification: tuple[RuleEntry, ...] = ()
    classes: Annotated[tuple[ClassEntry, ...], Field(min_length=1)]


def field_names() -> frozenset[str]:
    """Return every field that the file may have, as it is written."""
    models: tuple[type[BaseModel], ...] = (
        *(ScheduleFile, Head, SignOffEntry, DefaultsEntry, RuleEntry, ClassEntry, TriggerEntry),
    )
    return frozenset(field.alias or name for model in models for name, field in model.model_fields.items())


def load_schedule(path: Path) -> tuple[Schedule, str]:
    """Read and check a schedule's file; return it with its text.

    Raises:
        BadInputError: With every mistake: file, line, what is wrong, what to write instead.
    """
    told = read(path, example="Start from the template: muniment schedule template.")
    return _checked(path, told.root, told.value, told.digest), told.text


def read_schedule(text: str, name: str) -> Schedule:
    """Return a schedule from its text, as the register kept it.

    Raises:
        BadInputError: It cannot be read any more; `name` says which it is.
    """
    told = read_text(text, name=Path(name))
    return _checked(Path(name), told.root, told.value, told.digest)


def _checked(path: Path, root: yaml.Node, value: Mapping[str, Any], digest: bytes) -> Schedule:
    mistakes = list(repeated_keys(root))
    try:
        file = ScheduleFile.model_validate(value)
    except ValidationError as error:
        mistakes += [(line_of(root, one["loc"]), _said(dict(one), root)) for one in error.errors()]
        refuse(path, mistakes)
        raise AssertionError from error
    schedule = _schedule(file, digest)
    mistakes += _repeated(file, root)
    mistakes += [(line_of(root, where), what) for where, what in contradictions(schedule, _places(file))]
    mistakes += [(line_of(root, where), what) for where, what in _floor_faults(file)]
    refuse(path, mistakes)
    return schedule


def _schedule(file: ScheduleFile, digest: bytes) -> Schedule:
    head, defaults = file.schedule, file.defaults
    return Schedule(
        schedule_id=head.schedule_id,
        title=head.title,
        version=head.version,
        effective_from=head.effective_from,
        status=head.status,
        current_year=head.current_year_means,
        sign_off=SignOff(
            council=head.sign_off.council,
            approved_by=head.sign_off.approved_by,
            role=head.sign_off.role,
            on=head.sign_off.on,
            minute_reference=head.sign_off.minute_reference,
        ),
        defaults=Defaults(
            own_post=defaults.unclassified_own_post,
            comment=defaults.unclassified_comment,
            message=defaults.unclassified_message,
            together=defaults.disposed_together == "thread",
            waiting_period=parse_duration(defaults.waiting_period),
        ),
        classes={one.code: _class(one, file) for one in file.classes},
        rules=tuple(_rule(one) for one in file.classification),
        events=file.events,
        digest=digest,
    )


def _class(entry: ClassEntry, file: ScheduleFile) -> RetentionClass:
    floors = () if entry.below_floor else floors_for(entry.evidence_of, _floors(file), file.schedule.nations)
    return RetentionClass(
        code=entry.code,
        title=entry.title,
        description=entry.description,
        level=entry.level,
        event=entry.trigger.event,
        count_from=entry.trigger.count_from,
        quiet=None if entry.trigger.quiet is None else parse_duration(entry.trigger.quiet),
        period=parse_period(entry.period),
        written=entry.period,
        action=entry.action,
        after_transfer=entry.after_transfer,
        authority=entry.authority,
        confidence=entry.confidence,
        restricted_to=entry.restricted_to,
        co_review=entry.co_review,
        evidence_of=entry.evidence_of,
        floors=floors,
        below_floor=entry.below_floor,
        notes=entry.notes,
    )


def _floors(file: ScheduleFile) -> dict[str, dict[str, Duration]]:
    return {
        law: {claim: parse_duration(text) for claim, text in told.items() if text not in _CONFIDENCE}
        for law, told in file.limitation_floors.items()
    }


def _rule(entry: RuleEntry) -> ClassRule:
    return ClassRule(
        name=entry.name,
        gives=entry.gives,
        authority=entry.authority,
        accounts=entry.accounts,
        account_kinds=entry.account_kinds,
        platforms=entry.platforms,
        kinds=entry.kinds,
        series=entry.series,
        author_roles=entry.author_roles,
        window=entry.window,
        thread_answered=entry.thread_answered,
        thread_public=entry.thread_public,
        since=entry.since,
        until=entry.until,
    )


def _floor_faults(file: ScheduleFile) -> Iterator[tuple[tuple[str | int, ...], str]]:
    floors = _floors(file)
    stated = sorted({claim for of_law in floors.values() for claim in of_law})
    for law, told in file.limitation_floors.items():
        for claim, text in told.items():
            if (claim == "confidence") is not (text in _CONFIDENCE):
                yield ("limitation_floors", law), f"'{claim}: {text}' is no floor and no confidence"
    for place, one in enumerate(file.classes):
        for claim in sorted(one.evidence_of - set(stated)):
            at = ("classes", place, "evidence_of")
            yield (
                at,
                f"{one.code}: no limitation floor is stated for '{claim}'; stated are {', '.join(stated)}",
            )
        below = [
            floor
            for floor in floors_for(one.evidence_of, floors, file.schedule.nations)
            if is_below(parse_period(one.period), floor)
        ]
        if below and one.below_floor is None:
            claims = ", ".join(sorted(one.evidence_of))
            what = f"the period '{one.period}' is below the limitation floor of {below[-1]} for {claims}"
            how = "lengthen it, or say in 'below_floor' why it may be"
            yield ("classes", place, "period"), f"{one.code}: {what}; {how}"
        if one.below_floor is not None and not below:
            at = ("classes", place, "below_floor")
            yield at, f"{one.code}: 'below_floor' gives a reason, but the period is not below any floor"


def _places(file: ScheduleFile) -> Mapping[str, int]:
    """Return where each class stands in the file."""
    return {one.code: number for number, one in enumerate(file.classes)}


def _repeated(file: ScheduleFile, root: yaml.Node) -> Iterator[tuple[int, str]]:
    for section, names in (
        ("classes", [one.code for one in file.classes]),
        ("classification", [one.name for one in file.classification]),
    ):
        for number, name in enumerate(names):
            if name in names[:number]:
                yield line_of(root, (section, number)), f"'{name}' is there twice in '{section}'"


def _said(mistake: Mapping[str, Any], root: yaml.Node) -> str:
    """Return a mistake in words, with the class it is in."""
    said = in_words(mistake, page="docs/officer/retention.md", hints=_HINTS, hidden=False)
    where = mistake["loc"]
    if len(where) > 1 and where[0] in ("classes", "classification") and isinstance(where[1], int):
        name = _name(root, where[0], where[1])
        return f"{name}: {said}" if name else said
    return said


def _name(root: yaml.Node, section: str, number: int) -> str:
    wanted = "code" if section == "classes" else "name"
    for key, value in root.value:
        if key.value == section and isinstance(value, yaml.SequenceNode) and number < len(value.value):
            entry = value.value[number]
            if isinstance(entry, yaml.MappingNode):
                return next((str(v.value) for k, v in entry.value if k.value == wanted), "")
    return ""


_HINTS: Final = {
    "code": "write capital letters, digits and hyphens, such as PUB-COMMENT",
    "class": "write the code of a class, such as PUB-COMMENT",
    "event": "write small letters, digits and underscores, such as thread_closed",
    "version": "write a number such as 2.1, in quotes",
    "id": "write small letters, digits and hyphens",
    "restricted_to": "write the name of one team, such as HR, or of a role",
    "co_review": "write the name of one team, such as Planning",
}
