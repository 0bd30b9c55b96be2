"""Looks and observations: evidence of how a record stands, and what we concluded from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from schemas.capture import Exhibit
from schemas.values import swift
from schemas.vocabulary import Answer, Series, State, Stream

__all__ = ["PUBLIC", "Look", "Observation", "Presence", "Sighting"]

PUBLIC = "public"
"""The word of `Look.shown` for a record that anyone can read."""


@swift
@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Evidence: what one response, or a whole listing, said of one record.

    `shown` is "public", or the platform's own word: held, is_hidden, spam, trash; for a refusal, the
    platform's code. `listing` is the list it was seen in; "" for an answer by id. `metrics` (likes,
    shares, views, comments) are never part of a version.
    """

    record_id: str
    at: datetime
    answer: Answer
    capture_id: str
    walk_id: str
    shown: str
    listing: str
    metrics: Mapping[str, int]


@swift
@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A look on its way to `keep`, with what no single response can know.

    `keep` turns it into an observation, under the archive's lock, against the newest presence.
    `version_id` is the version this look came with; None for absent, gone and refused.
    """

    look: Look
    account: str
    stream: Stream
    native_id: str
    thread_id: str
    control_seen: bool
    version_id: bytes | None
    exhibit: Exhibit | None


@swift
@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Belief: the look, and the state and current version it leads to. A row of series `observation`.

    It carries all that presence needs, so that presence is rebuilt from these rows alone. `listing` is
    the look's, or the one known before where the look was by id. `absences` counts absent and gone
    answers since the record was last seen; `first_absent_at` is the first of them.
    """

    look: Look
    account: str
    stream: Stream
    listing: str
    native_id: str
    thread_id: str
    series: Series
    digest_rule: int
    filed_at: datetime
    control_seen: bool
    state: State
    version_id: bytes | None
    shown: str
    absences: int = 0
    first_absent_at: datetime | None = None
    exhibit: Exhibit | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """How a record stands for one account and stream: a view of the archive's observation rows.

    `shown` is the platform's word when it was last seen. `metrics` are those last filed, at `metrics_at`.
    `last_walk` and `last_seen_at` move with every sighting, also with those that file nothing.
    `observed_at` is the time of the look that the state rests on.
    """

    record_id: str
    account: str
    stream: Stream
    listing: str
    thread_id: str
    native_id: str
    series: Series
    digest_rule: int
    filed_at: datetime
    version_id: bytes | None
    state: State
    shown: str
    absences: int
    first_absent_at: datetime | None
    metrics: Mapping[str, int]
    metrics_at: datetime | None
    last_walk: str
    last_seen_at: datetime
    observed_at: datetime
