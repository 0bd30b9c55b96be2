"""What a fake was asked and what it served: request log, call counts, and the served log of the scorer."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from conformance.clock import iso
from conformance.item import PUBLIC, Item, Media

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from conformance.wire import Request

__all__ = ["Asked", "Journal", "Served"]

SECRET_NAMES = frozenset(
    {"access_token", "appsecret_proof", "client_secret", "refresh_token", "code", "key", "password"}
)
SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})
MASK = "***"
BAD_REQUEST = 400
_ID = re.compile(r"(?<=/)(?:\d[\w.:-]*|did:[^/]+|[\w-]{24,})(?=/|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request, secrets masked."""

    number: int
    at: datetime
    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    endpoint: str
    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """One item (or media file) that stood in a reply. `version` None: served as gone, without content."""

    at: datetime
    fake: str
    request: int
    to: str
    item: str
    version: int | None
    shown: str = PUBLIC
    media: str | None = None

    def line(self) -> dict[str, Any]:
        """Return the JSON Lines form: see FORMAT.md."""
        told = {
            "at": iso(self.at),
            "fake": self.fake,
            "request": self.request,
            "to": self.to,
            "item": self.item,
        }
        if self.media is not None:
            return {**told, "media": self.media}
        return {**told, "version": self.version, "shown": self.shown}


@dataclass(slots=True)
class Journal:
    """Both logs of one fake. Requests are numbered from 1."""

    fake: str
    requests: list[Asked] = field(default_factory=list)
    served: list[Served] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    _waiting: list[tuple[Item, int | None, str, Media | None]] = field(default_factory=list)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def next_number(self) -> int:
        """The number of the request that is being answered."""
        return len(self.requests) + 1

    def show(self, item: Item, version: int | None, shown: str, media: Media | None = None) -> None:
        """Note what the reply in the making holds."""
        self._waiting.append((item, version, shown, media))

    def close(self, request: Request, status: int, at: datetime, to: str) -> None:
        """Log the request, and what was shown, unless it is an error (404 and 410 may tell of a gone one)."""
        with self._lock:
            number = self.next_number
            endpoint = f"{request.method} {request.endpoint or _ID.sub('{id}', request.path)}"
            self.calls[endpoint] += 1
            self.requests.append(
                Asked(
                    number=number,
                    at=at,
                    method=request.method,
                    path=request.path,
                    query={k: [MASK] if k in SECRET_NAMES else list(v) for k, v in request.query.items()},
                    headers={k: MASK if k in SECRET_HEADERS else v for k, v in request.headers.items()},
                    endpoint=endpoint,
                    status=status,
                )
            )
            for item, version, shown, media in self._waiting:
                if status < BAD_REQUEST or version is None:
                    self.served.append(
                        Served(
                            at=at,
                            fake=self.fake,
                            request=number,
                            to=to,
                            item=item.key,
                            version=version,
                            shown=shown,
                            media=None if media is None else media.sha256,
                        )
                    )
            self._waiting.clear()

    def lines(self) -> Iterator[str]:
        """Yield the served log as JSON Lines."""
        return (json.dumps(each.line(), ensure_ascii=False) for each in tuple(self.served))
