"""Presence: what a look makes us believe of a record (data-model.md 5). Missing is not deleted.

Deletion is by evidence: absent from a whole list that could have shown it makes a record missing; only
an answer by id that it is gone, after three absences over a day or more, with a control record seen in
the same run, makes it gone. Any later sighting brings it back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol, assert_never

from schemas.observation import PUBLIC, Observation, Presence, Sighting
from schemas.vocabulary import Answer, Series, State

__all__ = [
    "DEFAULT_GONE_POLICY",
    "Facts",
    "FirstSight",
    "GonePolicy",
    "held_as_called",
    "judge",
    "observe",
    "stands",
]

_STANDS: Final = frozenset({State.LIVE, State.HIDDEN})
_METRICS_EVERY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class GonePolicy:
    """How much absence an answer by id must find before it is believed."""

    absences: int = 3
    over: timedelta = timedelta(hours=24)


DEFAULT_GONE_POLICY: Final = GonePolicy()


class FirstSight(Protocol):
    """What is fixed at a record's first sight: a filing tells it, and so does presence."""

    @property
    def series(self) -> Series:
        """The series that its rows lie in."""
        ...

    @property
    def digest_rule(self) -> int:
        """The rule by which its versions are told apart."""
        ...

    @property
    def filed_at(self) -> datetime:
        """The time that it is filed under."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The same, of a record that was filed without ever being seen."""

    series: Series
    digest_rule: int
    filed_at: datetime


def judge(
    past: Presence | None, sighting: Sighting, *, policy: GonePolicy = DEFAULT_GONE_POLICY
) -> State | None:
    """Return the state a look leads to; None: it proves nothing (refused, and the control too)."""
    look = sighting.look
    match look.answer:
        case Answer.SEEN:
            return State.LIVE if look.shown == PUBLIC else State.HIDDEN
        case Answer.REFUSED:
            return State.HIDDEN if sighting.control_seen else None
        case Answer.REREAD:
            return _reread(past, look.shown)
        case Answer.ABSENT:
            return State.GONE if past is not None and past.state is State.GONE else State.MISSING
        case Answer.GONE:
            if past is None or past.state is State.GONE:
                return State.GONE if past is not None else State.MISSING
            absences = past.absences + 1
            first = past.first_absent_at or look.at
            proved = absences >= policy.absences and look.at - first >= policy.over
            return State.GONE if proved and sighting.control_seen else State.MISSING
        case _:
            assert_never(look.answer)


def observe(
    past: Presence | None,
    facts: FirstSight,
    sighting: Sighting,
    *,
    policy: GonePolicy = DEFAULT_GONE_POLICY,
) -> Observation | None:
    """Return the observation that a sighting makes, or None when it changes nothing.

    One is made for first sight, a change of state or of current version, every absence, every answer
    by id, and changed metrics at most once a day. An absence counts once in a walk, however often it is
    delivered; a look older than the newest one changes nothing.
    """
    if sighting.look.answer is Answer.REREAD:
        return _reinterpreted(past, facts, sighting)
    look = sighting.look
    if past is not None and _is_old_news(past, sighting):
        return None
    state = judge(past, sighting, policy=policy)
    if state is None:
        return None
    unseen = look.answer in (Answer.ABSENT, Answer.GONE)
    version_id = sighting.version_id if sighting.version_id is not None else (past and past.version_id)
    changed = past is None or state is not past.state or version_id != past.version_id
    by_id = not look.listing and look.answer is not Answer.SEEN
    if not (changed or unseen or by_id or _metrics_are_due(past, sighting)):
        return None
    observation = Observation(
        look=look,
        account=sighting.account,
        stream=sighting.stream,
        listing=look.listing or ("" if past is None else past.listing),
        native_id=sighting.native_id,
        thread_id=sighting.thread_id,
        series=facts.series,
        digest_rule=facts.digest_rule,
        filed_at=facts.filed_at,
        control_seen=sighting.control_seen,
        state=state,
        version_id=version_id or None,
        shown=look.shown if not unseen or past is None else past.shown,
        exhibit=sighting.exhibit if changed or by_id else None,
    )
    if not unseen:
        return observation
    absences = (0 if past is None else past.absences) + 1
    return replace(observation, absences=absences, first_absent_at=_first_absence(past, sighting))


def stands(past: Presence | None, observation: Observation) -> Presence:
    """Return how a record stands after an observation: the one step by which presence is built.

    `last_seen_at` is when a record was last seen: no other answer moves it.
    """
    look = observation.look
    last_seen_at = look.at
    if look.answer is not Answer.SEEN:
        last_seen_at = min(look.at, observation.filed_at) if past is None else past.last_seen_at
    metrics, metrics_at = (look.metrics, look.at) if look.metrics else ({}, None)
    if past is not None and not look.metrics:
        metrics, metrics_at = past.metrics, past.metrics_at
    return Presence(
        record_id=look.record_id,
        account=observation.account,
        stream=observation.stream,
        listing=observation.listing,
        thread_id=observation.thread_id,
        native_id=observation.native_id,
        series=observation.series,
        digest_rule=observation.digest_rule,
        filed_at=observation.filed_at,
        version_id=observation.version_id,
        state=observation.state,
        shown=observation.shown,
        absences=observation.absences,
        first_absent_at=observation.first_absent_at,
        metrics=metrics,
        metrics_at=metrics_at,
        last_walk=look.walk_id,
        last_seen_at=last_seen_at,
        observed_at=look.at,
    )


def held_as_called(known: Mapping[str, Sequence[Presence]], called: Mapping[str, str]) -> frozenset[str]:
    """Return which records stand, live or hidden, under just the native id that `called` gives them.

    An edit on X is a post with another native id: a record that is held may lack its newest version.
    """
    return frozenset(
        record_id
        for record_id, ones in known.items()
        if any(one.native_id == called[record_id] and one.state in _STANDS for one in ones)
    )


def _reread(past: Presence | None, shown: str) -> State | None:
    """Return what stood, but for how the platform showed it: only a reader can tell that."""
    if past is None or past.series is not Series.UNREAD:
        return None  # a later look was read already: what was kept before it says nothing of now
    if past.state not in (State.LIVE, State.HIDDEN):
        return past.state
    return State.LIVE if shown == PUBLIC else State.HIDDEN


def _reinterpreted(past: Presence | None, facts: FirstSight, sighting: Sighting) -> Observation | None:
    """Return the belief that stood, of a record that is understood now: nothing was seen anew.

    It bears the time of the look it rests on, so that any later look goes before it. `listing` is the
    sighting's own: a name that turned out to be another record's is in no list.
    """
    state = _reread(past, sighting.look.shown)
    if past is None or state is None or past.version_id == sighting.version_id:
        return None
    return Observation(
        look=replace(sighting.look, at=past.observed_at, walk_id=past.last_walk),
        account=sighting.account,
        stream=sighting.stream,
        listing=sighting.look.listing,
        native_id=sighting.native_id,
        thread_id=sighting.thread_id,
        series=facts.series,
        digest_rule=facts.digest_rule,
        filed_at=facts.filed_at,
        control_seen=False,
        state=state,
        version_id=sighting.version_id,
        shown=sighting.look.shown,
        absences=past.absences,
        first_absent_at=past.first_absent_at,
        exhibit=None,
    )


def _is_old_news(past: Presence, sighting: Sighting) -> bool:
    look = sighting.look
    counted = look.answer is not Answer.SEEN and past.last_walk == look.walk_id and past.absences > 0
    missed_since = past.first_absent_at is not None and look.at < past.first_absent_at
    return counted or missed_since or look.at < past.last_seen_at


def _first_absence(past: Presence | None, sighting: Sighting) -> datetime:
    return (past and past.first_absent_at) or sighting.look.at


def _metrics_are_due(past: Presence | None, sighting: Sighting) -> bool:
    look = sighting.look
    if past is None or not look.metrics or dict(look.metrics) == dict(past.metrics):
        return False
    return past.metrics_at is None or look.at - past.metrics_at >= _METRICS_EVERY
