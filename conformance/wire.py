"""What a fake is asked and what it answers: one request, one reply, independent of the HTTP server."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlencode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["Json", "Reply", "Request", "Stream"]

TYPE_JSON = "application/json; charset=utf-8"
Json = Any


@dataclass(slots=True, kw_only=True)
class Request:
    """One request to one fake.

    Attributes:
        method: Upper case.
        path: Decoded, relative to the fake's mount, with a leading slash: `/2/users/1/tweets`.
        query: Every parameter with all its values, in order.
        headers: Names in lower case.
        endpoint: A template without ids, for counting calls; a fake sets it, else the core guesses.
    """

    method: str
    path: str
    query: Mapping[str, Sequence[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    raw_query: str = ""
    endpoint: str = ""

    @classmethod
    def of(
        cls, method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Request:
        """Build a request from a path with its query, as a test or the server has it."""
        path, _, query = target.partition("?")
        return cls(
            method=method,
            path=unquote(path) or "/",
            query=parse_qs(query, keep_blank_values=True),
            headers={k.lower(): v for k, v in (headers or {}).items()},
            body=body,
            raw_query=query,
        )

    def get(self, name: str, default: str = "") -> str:
        """Return the first value of a query parameter."""
        values = self.query.get(name)
        return values[0] if values else default

    def number(self, name: str, default: int) -> int:
        """Return a query parameter as a whole number; the default if it is absent or no number."""
        text = self.get(name)
        return int(text) if text.lstrip("-").isdigit() else default

    def listed(self, name: str) -> list[str]:
        """Return a comma-separated parameter, also if it was given several times or as `name[]`."""
        values = [*self.query.get(name, ()), *self.query.get(name + "[]", ())]
        return [part for value in values for part in value.split(",") if part]

    def form(self) -> dict[str, str]:
        """Return the first values of a form-encoded body."""
        return {k: v[0] for k, v in parse_qs(self.body.decode(), keep_blank_values=True).items()}

    def json(self) -> Json:
        """Return the body as JSON, None when it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def parts(self) -> list[str]:
        """The path's segments."""
        return [part for part in self.path.split("/") if part]

    @property
    def target(self) -> str:
        """Path and query, for matching faults."""
        return f"{self.path}?{self.raw_query}" if self.raw_query else self.path

    @property
    def token(self) -> str:
        """The credential sent: a bearer or OAuth token, the password of basic auth, or `access_token=`."""
        scheme, _, value = self.headers.get("authorization", "").partition(" ")
        match scheme.lower():
            case "bearer":
                return value.strip()
            case "basic":
                try:
                    return base64.b64decode(value).decode().partition(":")[2]
                except (binascii.Error, UnicodeDecodeError):
                    return ""
            case "oauth":
                fields = dict(part.strip().split("=", 1) for part in value.split(",") if "=" in part)
                return unquote(fields.get("oauth_token", "").strip('"'))
            case _:
                return self.get("access_token") or self.form().get("access_token", "")

    def again(self, **changed: Any) -> str:
        """Return this path with its query, some parameters changed (None removes one): for `next` links."""
        kept = {k: list(v) for k, v in self.query.items()}
        for name, value in changed.items():
            kept.pop(name, None)
            if value is not None:
                kept[name] = [str(value)]
        query = urlencode(kept, doseq=True)
        return f"{self.path}?{query}" if query else self.path


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A body that is made while it is sent. `length` is declared; None: chunked, without a length."""

    chunks: Iterator[bytes]
    length: int | None = None


@dataclass(slots=True, kw_only=True)
class Reply:
    """An answer. A body is JSON (dict or list), text, bytes, or a `Stream`; None is an empty body."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: Json | bytes | str | Stream | None = None
    delay: float = 0.0
    escaped: bool = False

    def encoded(self) -> bytes | Stream:
        """Return the body as bytes (or the stream), and set a content type when there is none."""
        match self.body:
            case None:
                return b""
            case Stream() | bytes():
                return self.body
            case str():
                self.headers.setdefault("content-type", "text/html; charset=utf-8")
                return self.body.encode()
            case _:
                self.headers.setdefault("content-type", TYPE_JSON)
                text = json.dumps(self.body, ensure_ascii=self.escaped, separators=(",", ":"))
                return (text.replace("/", "\\/") if self.escaped else text).encode()
