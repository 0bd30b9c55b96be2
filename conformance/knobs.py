"""The faults and bad habits of platforms, as switches that a test or a scenario sets on one fake.

What a switch looks like on the wire is the fake's business: the core asks it for its own `refusal` of a given
`Trouble`, so that one scenario runs on every platform.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Drift", "Fault", "Knobs", "Trouble", "set_knobs"]


class Trouble(StrEnum):
    """Why a platform refuses, whatever its own words for it."""

    EXPIRED = "expired"
    REVOKED = "revoked"
    MISSING_PERMISSION = "missing-permission"
    SUSPENDED = "suspended"
    RATE_LIMITED = "rate-limited"
    QUOTA_SPENT = "quota-spent"
    UNAVAILABLE = "unavailable"
    NOT_FOUND = "not-found"


@dataclass(slots=True, kw_only=True)
class Fault:
    """An answer in place of the right one, for the next `times` requests that contain `match`.

    Looked at are method, path and query, as in `GET /2/tweets?ids=1`.

    Either name a `trouble` (the fake says it in its own words), or give status, body and headers literally.
    `skip` lets so many matching requests pass first.
    """

    match: str = ""
    trouble: Trouble | None = None
    status: int = 500
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    times: int = 1
    skip: int = 0


@dataclass(slots=True, kw_only=True)
class Drift:
    """A change of the reply's shape, at every depth.

    `field` is renamed to `to`, or retyped (`int`, `str`, `list`, `object`, `null`), or dropped. `add`: names
    and values put into every object that has `field`.
    """

    field: str
    to: str = ""
    retype: str = ""
    drop: bool = False
    add: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Knobs:
    """All switches of one fake, off by default. Ids are native ids.

    Attributes:
        page_size: Most items in one page, whatever was asked for; 0: the platform's own cap.
        faults: Used up in order.
        fail_page: The page of this number (from 1) of each listing fails `fail_times` times in all.
        bad_token: Every request with a token is refused so, until `fresh_token` is used.
        bad_token_match: Only requests whose target contains this.
        bad_token_from: Only from this request of the fake on: a token that dies in mid-run.
        missing: Names of permissions the credential lacks; the fake knows which call needs which.
        rate_limit_every: Each n-th request is refused as rate-limited once.
        retry_after: Seconds until a rate limit is lifted.
        clock_skew: Seconds the platform's clock is ahead: in `Date` and in absolute reset times.
        wrong_account: Whatever account is asked for, this one is answered.
        inline_replies: Most answers embedded in a post or thread; None: the platform's own number.
        repeat_at_seam: So many last items of a page come again at the start of the next.
        loop_after: After so many pages, the next token leads back to the first page.
        stop_after: A list ends after so many items, without next token or error; totals stay true.
        empty_page: The page of this number is empty, but has a next token.
        vanish: This item is deleted when the second page of any listing is asked for.
        offset_paging: Tokens are plain offsets, so a vanished item makes its neighbour slip through.
        login_wall_from: From this request on (1: at once) every answer is a login page, 200 text/html.
        suspended: The account asked for is suspended.
        refused_ids: Items that are refused by id beside the others that are answered (partial success).
        media_ttl: Seconds until a media address answers 403.
        media_huge: Media declare so many bytes, and stream them.
        media_redirect: Media answer 302 to this address.
        link_redirect: Short links answer 301 to this address.
        drift: Changes of shape.
        slow: Seconds by which a body is late, for the next `slow_times` requests containing `slow_match`.
        gzip: Compress bodies for clients that take it.
    """

    page_size: int = 0
    faults: list[Fault] = field(default_factory=list)
    fail_page: int = 0
    fail_times: int = 1
    fail_with: Trouble = Trouble.UNAVAILABLE
    bad_token: Trouble | None = None
    bad_token_match: str = ""
    bad_token_from: int = 0
    fresh_token: str = ""
    missing: set[str] = field(default_factory=set)
    rate_limit_every: int = 0
    retry_after: int = 30
    clock_skew: float = 0.0
    wrong_account: str = ""
    inline_replies: int | None = None
    repeat_at_seam: int = 0
    loop_after: int = 0
    stop_after: int = 0
    empty_page: int = 0
    vanish: str = ""
    offset_paging: bool = False
    login_wall_from: int = 0
    suspended: bool = False
    refused_ids: set[str] = field(default_factory=set)
    media_ttl: float = 3600.0
    media_huge: int = 0
    media_redirect: str = ""
    link_redirect: str = ""
    drift: list[Drift] = field(default_factory=list)
    slow: float = 0.0
    slow_match: str = ""
    slow_times: int = 1
    gzip: bool = False


def set_knobs(knobs: Knobs, wanted: Mapping[str, Any]) -> None:
    """Set switches from plain JSON, as the control route receives them.

    Raises:
        ValueError: A name is no knob, or a fault or drift does not fit its type.
    """
    known = {each.name for each in dataclasses.fields(Knobs)}
    for name, value in wanted.items():
        if name not in known:
            raise ValueError(f"no such knob: {name}")
        try:
            setattr(knobs, name, _typed(name, value))
        except TypeError as error:
            raise ValueError(f"{name}: {error}") from error


def _typed(name: str, value: Any) -> Any:
    match name:
        case "faults":
            return [
                Fault(**{**each, "trouble": Trouble(each["trouble"]) if each.get("trouble") else None})
                for each in value
            ]
        case "drift":
            return [Drift(**each) for each in value]
        case "bad_token":
            return Trouble(value) if value else None
        case "fail_with":
            return Trouble(value)
        case "missing" | "refused_ids":
            return set(value)
        case _:
            return value
