"""The suite that the fake WordPress is held to, on a real one: what the fake pretends, this one does."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import httpx
import pytest

from tests.conformance.wordpress_truth import WordPressTruth
from tests.rig.wordpress_site import CommentState, Posting, WordPressSite

pytestmark = pytest.mark.rig


class RealPlace:
    """A site of a real WordPress."""

    def __init__(self, site: WordPressSite) -> None:
        self.site = site
        self._made: dict[int, Posting] = {}

    def post(self, title: str, body: str, *, at: datetime, kind: str = "posts") -> int:
        make = self.site.page if kind == "pages" else self.site.post
        made = make(title, body, at=at)
        self._made[made.id] = made
        return made.id

    def edit(self, number: int, body: str) -> None:
        self.site.edit(self._made[number], body=body)

    def trash(self, number: int) -> None:
        self.site.trash(self._made[number])

    def delete(self, number: int) -> None:
        self.site.delete(self._made[number])

    def comment(
        self, post: int, text: str, *, at: datetime, reply_to: int = 0, state: str = "approved"
    ) -> int:
        first: CommentState = "hold" if state == "hold" else "approved"
        number = self.site.comment(self._made[post], text, reply_to=reply_to, state=first, at=at)
        moderated: Mapping[str, Literal["spam", "trash"]] = {"spam": "spam", "trash": "trash"}
        if state in moderated:
            self.site.moderate_comment(number, moderated[state])
        return number

    def answer(self, post: int, text: str, *, reply_to: int) -> int:
        return self.site.council_comment(self._made[post], text, reply_to=reply_to)

    def delete_comment(self, number: int) -> None:
        self.site.delete_comment(number)

    def ask(
        self, path: str, *, signed_in: bool = False, headers: Mapping[str, str] | None = None, **params: Any
    ) -> httpx.Response:
        auth = (self.site.user, self.site.app_password) if signed_in else None
        return httpx.get(
            f"{self.site.url}{path}",
            params=params or None,
            auth=auth,
            headers=dict(headers or {}),
            timeout=60,
        )


class TestTheRealOne(WordPressTruth):
    """The suite, on the real server."""

    @pytest.fixture
    def place(self, wordpress_site: WordPressSite) -> RealPlace:
        return RealPlace(wordpress_site)
