"""Make things happen on the rig's real WordPress site, as its administrator and its visitors would."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Literal, Self

import httpx

__all__ = ["CommentState", "Posting", "WordPressSite"]

CommentState = Literal["approved", "hold", "spam", "trash"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """A post or a page."""

    id: int
    kind: Literal["posts", "pages"]
    link: str

    @property
    def path(self) -> str:
        return f"wp/v2/{self.kind}/{self.id}"


class WordPressSite:
    """The site, whose content is made by its administrator.

    Attributes:
        url: Its home, without a slash at the end.
        user: The editor with whom a council archives it.
        app_password: The editor's application password.
    """

    def __init__(self, *, url: str, admin: tuple[str, str], archivist: tuple[str, str]) -> None:
        self.url = url
        self.user, self.app_password = archivist
        self._admin = httpx.Client(base_url=f"{url}/wp-json/", auth=admin, timeout=60)
        self._archivist = httpx.Client(base_url=f"{url}/wp-json/", auth=archivist, timeout=60)
        self._public = httpx.Client(base_url=url, timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client in (self._admin, self._archivist, self._public):
            client.close()

    def post(self, title: str, body: str, *, at: datetime | None = None, **fields: Any) -> Posting:
        return self._publish("posts", title, body, at=at, **fields)

    def page(self, title: str, body: str, *, at: datetime | None = None, **fields: Any) -> Posting:
        return self._publish("pages", title, body, at=at, **fields)

    def edit(self, posting: Posting, *, body: str, **fields: Any) -> None:
        """Change a post or page; WordPress keeps a revision."""
        self._send("POST", posting.path, content=body, **fields)

    def trash(self, posting: Posting) -> None:
        """Put a post or page in the trash; its comments become `post-trashed`."""
        self._send("DELETE", posting.path)

    def restore(self, posting: Posting) -> None:
        self._send("POST", posting.path, status="publish")

    def delete(self, posting: Posting) -> None:
        """Delete a post or page for good, and its comments with it."""
        self._send("DELETE", posting.path, force=True)

    def comment(
        self,
        posting: Posting,
        text: str,
        *,
        reply_to: int | None = None,
        author: str = "Resident",
        state: CommentState = "approved",
        at: datetime | None = None,
    ) -> int:
        """Leave a visitor's comment, which WordPress refuses when the same person says the same again."""
        email = f"{author.lower().replace(' ', '.')}@example.org"
        fields = {"author_name": author, "author_email": email, "status": state, **_date(at)}
        made = self._send(
            "POST", "wp/v2/comments", post=posting.id, parent=reply_to or 0, content=text, **fields
        )
        return int(made["id"])

    def council_comment(self, posting: Posting, text: str, *, reply_to: int | None = None) -> int:
        """Leave a comment as the administrator, who is signed in."""
        made = self._send("POST", "wp/v2/comments", post=posting.id, parent=reply_to or 0, content=text)
        return int(made["id"])

    def edit_comment(self, comment: int, text: str) -> None:
        """Change a comment; WordPress keeps nothing of what it said before."""
        self._send("POST", f"wp/v2/comments/{comment}", content=text)

    def moderate_comment(self, comment: int, state: CommentState) -> None:
        self._send("POST", f"wp/v2/comments/{comment}", status=state)

    def delete_comment(self, comment: int) -> None:
        """Delete a comment for good."""
        self._send("DELETE", f"wp/v2/comments/{comment}", force=True)

    def upload_media(self, data: bytes, *, name: str, mime: str, alt: str = "") -> dict[str, Any]:
        """Upload a file; `source_url` of the answer is where the site serves it."""
        headers = {"Content-Type": mime, "Content-Disposition": f'attachment; filename="{name}"'}
        made = _json(self._admin.post("wp/v2/media", content=data, headers=headers))
        return dict(self._send("POST", f"wp/v2/media/{made['id']}", alt_text=alt))

    def public(self, path: str, **params: Any) -> httpx.Response:
        """Ask as anybody may, for example `public("/wp-json/wp/v2/posts")` or `public("/feed/")`."""
        return self._public.get(path, params=params, follow_redirects=True)

    def as_archivist(self, path: str, **params: Any) -> httpx.Response:
        """Ask REST as the editor, for example `as_archivist("wp/v2/comments", status="hold")`."""
        return self._archivist.get(path, params=params)

    def empty(self) -> None:
        """Delete everything that was said on the site, so that a test counts only its own."""
        for kind in ("comments", "posts", "pages", "media"):
            for number in list(self._numbers(kind)):
                self._send("DELETE", f"wp/v2/{kind}/{number}", force=True)

    def _numbers(self, kind: str) -> Iterator[int]:
        states = {
            "comments": ("approve", "hold", "spam", "trash", "post-trashed"),
            "media": ("inherit,private,trash",),
        }.get(kind, ("publish,future,draft,pending,private,trash",))
        for state in states:
            page, pages = 1, 1
            while page <= pages:
                asked = {"status": state, "per_page": "100", "page": str(page), "context": "edit"}
                reply = self._admin.get(f"wp/v2/{kind}", params=asked)
                yield from (int(item["id"]) for item in _json(reply))
                page, pages = page + 1, int(reply.headers["X-WP-TotalPages"])

    def _publish(
        self, kind: Literal["posts", "pages"], title: str, body: str, *, at: datetime | None, **fields: Any
    ) -> Posting:
        wanted = {"title": title, "content": body, "status": "publish", **_date(at), **fields}
        made = self._send("POST", f"wp/v2/{kind}", **wanted)
        return Posting(id=made["id"], kind=kind, link=made["link"])

    def _send(self, method: str, path: str, **body: Any) -> Any:
        return _json(self._admin.request(method, path, json=body))


def _date(at: datetime | None) -> dict[str, str]:
    return {} if at is None else {"date_gmt": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")}


def _json(reply: httpx.Response) -> Any:
    if reply.is_error:
        raise AssertionError(f"{reply.request.url} answered {reply.status_code}: {reply.text}")
    return reply.json()
