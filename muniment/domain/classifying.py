"""Which class each record has, and which rule decided: derived whenever it is needed, never stored.

The first rule of the schedule that fits decides, else the schedule's defaults; an officer's decision goes
before both. What could not be read has no class, and so stays, until it can be read or an officer decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import reduce
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from muniment.domain.columns import (
    all_false,
    codes_of,
    day_number,
    days,
    grouped,
    looked_up,
    member,
    replaced,
)
from muniment.domain.retention import ClassRule, Schedule, WindowKind
from schemas.vocabulary import AccountKind, AuthorRole, Kind, Series

__all__ = [
    "BY_CASE",
    "BY_OFFICER",
    "Classified",
    "Setting",
    "Threads",
    "Window",
    "classify",
    "in_window",
    "threads_of",
]

BY_OFFICER: Final = "officer"
"""The rule of a class that an officer decided."""
BY_CASE: Final = "case"
"""The rule of a class that comes from a linked case."""
_TALK: Final = (Kind.COMMENT.value, Kind.MESSAGE.value)
_DEFAULT: Final = "default: {}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A stretch of days in which other rules apply, both ends included; `until` None: it is not over.

    `accounts` empty: all accounts of the council.
    """

    name: str
    kind: WindowKind
    since: date
    until: date | None = None
    accounts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What classes depend on beside the schedule and the record.

    `by_record` and `by_thread` are officers' decisions: the class of a record, or of all comments and
    messages of a thread. `account_kinds` says why the council has each account.
    """

    account_kinds: Mapping[str, AccountKind] = field(default_factory=dict)
    windows: tuple[Window, ...] = ()
    by_record: Mapping[str, str] = field(default_factory=dict)
    by_thread: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Threads:
    """The threads of some records: `codes` numbers each record's thread; other columns have a row a thread.

    `last_active` is the day number of the newest thing in it; `public` and `answered`: whether the public
    wrote in it, and the council as well. `talk` has a row a record, and marks comments and messages.
    """

    codes: pa.Array
    names: pa.Array
    last_active: pa.Array
    public: pa.Array
    answered: pa.Array
    talk: pa.Array

    def any_of(self, mask: pa.Array) -> pa.Array:
        """Return, for each thread, whether any of its records is marked."""
        return _folded(self.codes, mask.cast(pa.int32()), "max").cast(pa.bool_())


@dataclass(frozen=True, slots=True, kw_only=True)
class Classified:
    """For each record the place of its class in `classes` and of the rule in `rules`; null: none."""

    classes: tuple[str, ...]
    class_at: pa.Array
    rules: tuple[str, ...]
    rule_at: pa.Array
    windows: Mapping[int, WindowKind]  # by place in `rules`: rules that go by a window


def threads_of(facts: pa.Table) -> Threads:
    """Return the threads of all records held; they must be whole, or nothing is known of them."""
    coded = codes_of(facts["thread_id"])
    talk = member(codes_of(facts["kind"]), _TALK)
    council = member(codes_of(facts["author_role"]), [AuthorRole.COUNCIL.value])
    public = _any(coded.indices, pc.and_(talk, pc.invert(council)))
    return Threads(
        codes=coded.indices,
        names=coded.dictionary,
        last_active=_folded(coded.indices, days(facts["changed_on"].combine_chunks()), "max"),
        public=public,
        answered=pc.and_(public, _any(coded.indices, pc.and_(talk, council))),
        talk=talk,
    )


def _any(codes: pa.Array, mask: pa.Array) -> pa.Array:
    return _folded(codes, mask.cast(pa.int32()), "max").cast(pa.bool_())


def _folded(codes: pa.Array, values: pa.Array, how: str) -> pa.Array:
    """Return one value for each code, in the order of codes; every code is there."""
    made = grouped(pa.table({"code": codes, "value": values}), ["code"], [("value", how)])
    return made.sort_by("code")[f"value_{how}"].combine_chunks()


def classify(
    facts: pa.Table, schedule: Schedule, setting: Setting, threads: Threads | None = None
) -> Classified:
    """Return the class of every record.

    Args:
        facts: As `holdings` returns them, of whole threads.
        schedule: Any version, signed or not: classes are also shown before anything may be disposed of.
        setting: Accounts, windows and officers' decisions.
        threads: Those of `facts`, where they are known already.
    """
    of = threads or threads_of(facts)
    classes = tuple(schedule.classes)
    place = {code: number for number, code in enumerate(classes)}
    defaults = (schedule.defaults.own_post, schedule.defaults.comment, schedule.defaults.message)
    rules = (
        *(rule.name for rule in schedule.rules),
        *(_DEFAULT.format(word) for word in ("own post", "comment", "message")),
        BY_OFFICER,
    )
    read = pc.invert(member(codes_of(facts["kind"]), [Kind.UNREAD.value]))
    class_at = pa.nulls(len(facts), pa.int32())
    rule_at = pa.nulls(len(facts), pa.int32())
    kind, series = codes_of(facts["kind"]), codes_of(facts["series"])
    message = member(kind, [Kind.MESSAGE.value])
    own = pc.and_(pc.invert(of.talk), member(series, [Series.OWN.value]))
    masks = [
        *(_fits(rule, facts, setting, of) for rule in schedule.rules),
        own,
        pc.invert(pc.or_(own, message)),
        message,
    ]
    given = [*(rule.gives for rule in schedule.rules), *defaults]
    free = read
    for number, (mask, code) in enumerate(zip(masks, given, strict=True)):
        now = pc.and_(mask, free)
        class_at = replaced(class_at, now, pa.scalar(place[code], pa.int32()))
        rule_at = replaced(rule_at, now, pa.scalar(number, pa.int32()))
        free = pc.and_(free, pc.invert(now))
    found = Classified(
        classes=classes,
        class_at=class_at,
        rules=rules,
        rule_at=rule_at,
        windows={at: rule.window for at, rule in enumerate(schedule.rules) if rule.window is not None},
    )
    decided = (
        (facts["thread_id"].combine_chunks(), setting.by_thread, of.talk),
        (facts["record_id"].combine_chunks(), setting.by_record, pc.invert(all_false(len(facts)))),
    )
    for column, classes_by_name, only in decided:
        found = _decided(found, column, classes_by_name, only) if classes_by_name else found
    return found


def _decided(found: Classified, column: pa.Array, decided: Mapping[str, str], only: pa.Array) -> Classified:
    """Lay officers' decisions over the rules; a class that the schedule has not leaves a record without."""
    place = {code: number for number, code in enumerate(found.classes)}
    none = len(place)
    at = looked_up(column, {name: place.get(code, none) for name, code in decided.items()})
    mask = pc.and_(pc.is_valid(at), only)
    wanted = pc.if_else(pc.equal(at, none), pa.scalar(None, pa.int32()), at)
    officer = pa.scalar(found.rules.index(BY_OFFICER), pa.int32())
    return replace(
        found,
        class_at=pc.if_else(mask, wanted, found.class_at),
        rule_at=pc.if_else(mask, officer, found.rule_at),
    )


def _fits(rule: ClassRule, facts: pa.Table, setting: Setting, threads: Threads) -> pa.Array:
    """Return which records meet every condition of a rule."""
    masks: list[pa.Array] = []
    kinds = {name for name, kind in setting.account_kinds.items() if kind in rule.account_kinds}
    for column, words, given in (
        ("account", rule.accounts, rule.accounts),
        ("account", kinds, rule.account_kinds),
        ("platform", rule.platforms, rule.platforms),
        ("kind", rule.kinds, rule.kinds),
        ("series", rule.series, rule.series),
        ("author_role", rule.author_roles, rule.author_roles),
    ):
        if given:
            masks.append(member(codes_of(facts[column]), [str(word) for word in words]))
    for wanted, found in ((rule.thread_answered, threads.answered), (rule.thread_public, threads.public)):
        if wanted is not None:
            has = found.take(threads.codes)
            masks.append(has if wanted else pc.invert(has))
    if rule.window is not None:
        inside = [in_window(facts, one) for one in setting.windows if one.kind is rule.window]
        masks.append(reduce(pc.or_, inside, all_false(len(facts))))
    if rule.since is not None or rule.until is not None:
        masks.append(_dated(facts, rule.since, rule.until))
    return reduce(pc.and_, masks, pc.invert(all_false(len(facts))))


def in_window(facts: pa.Table, window: Window) -> pa.Array:
    """Return which records are dated in a window, of its accounts."""
    inside = _dated(facts, window.since, window.until)
    if not window.accounts:
        return inside
    return pc.and_(inside, member(codes_of(facts["account"]), window.accounts))


def _dated(facts: pa.Table, since: date | None, until: date | None) -> pa.Array:
    filed = days(facts["filed_on"].combine_chunks())
    mask = pc.invert(all_false(len(facts)))
    if since is not None:
        mask = pc.and_(mask, pc.greater_equal(filed, day_number(since)))
    if until is not None:
        mask = pc.and_(mask, pc.less_equal(filed, day_number(until)))
    return mask
