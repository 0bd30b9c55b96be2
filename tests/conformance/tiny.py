"""A tiny fake platform that proves the core: two routes, a text, a parent."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any, ClassVar

from typing_extensions import override

from conformance.fake import Fake, Refused, Reply, Request, Trouble
from conformance.item import Account, Item
from conformance.server import Site
from conformance.world import World


class TinyFake(Fake):
    """`/posts?account=&limit=&token=`, `/items/{id}`, `/items/{id}/replies`."""

    platform: ClassVar[str] = "tiny"

    @override
    def handle(self, request: Request) -> Reply:
        match request.parts:
            case ["posts"]:
                account = self.account(request.get("account"))
                if account is None:
                    return self.refusal(Trouble.NOT_FOUND, request)
                items = [i for i in reversed(self.world.posts_of(account)) if i.is_public]
                return self.listed(request, f"posts of {account.id}", items)
            case ["items", native_id]:
                return Reply(body=self.render(self.found(request, native_id)))
            case ["items", native_id, "replies"]:
                item = self.found(request, native_id)
                return self.listed(request, f"replies of {native_id}", self.world.below(item))
            case _:
                return self.refusal(Trouble.NOT_FOUND, request)

    def found(self, request: Request, native_id: str) -> Item:
        item = self.world.find("tiny", native_id)
        if item is None or not item.is_live:
            if item is not None:
                self.show_gone(item)
            raise Refused(self.refusal(Trouble.NOT_FOUND, request))
        return item

    def listed(self, request: Request, listing: str, items: Any) -> Reply:
        page = self.page(listing, items, limit=request.number("limit", 10), token=request.get("token"))
        return Reply(
            body={"items": [self.render(i) for i in page.items], "next": page.next, "total": page.total}
        )

    def render(self, item: Item) -> dict[str, Any]:
        self.show(item)
        return {
            "id": item.native_id,
            "account": item.account.id,
            "text": item.text,
            "parent": None if item.parent is None else item.parent.native_id,
            "shown": item.shown,
            "replies": len(self.world.children(item)),
            "media": [self.media_url(item, m) for m in item.current.media],
        }


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class NoRedirect(urllib.request.HTTPRedirectHandler):
    @override
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


OPENER = urllib.request.build_opener(NoRedirect)


def ask(
    url: str, *, body: Any = None, method: str | None = None, token: str = "", timeout: float = 60
) -> Answer:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    data = None if body is None else json.dumps(body).encode()
    assert url.startswith("http://127.0.0.1:")
    request = urllib.request.Request(url, data=data, headers=headers, method=method)  # noqa: S310 - checked
    try:
        with OPENER.open(request, timeout=timeout) as reply:
            return Answer(reply.status, {k.lower(): v for k, v in reply.headers.items()}, reply.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, {k.lower(): v for k, v in error.headers.items()}, error.read())


@dataclass
class Tiny:
    world: World
    fake: TinyFake
    site: Site
    council: Account
    resident: Account
    ask = staticmethod(ask)

    def posts(self, **query: Any) -> Answer:
        told = "&".join(f"{k}={v}" for k, v in {"account": self.council.id, **query}.items())
        return ask(f"{self.fake.base_url}/posts?{told}", token="t")

    def walk(self, limit: int = 3, most: int = 50) -> tuple[list[str], list[str | None]]:
        """Follow `next` to the end; return the texts and the tokens."""
        texts: list[str] = []
        tokens: list[str | None] = []
        token: str | None = ""
        while token is not None and len(tokens) < most:
            page = self.posts(limit=limit, token=token).json
            texts += [i["text"] for i in page["items"]]
            token = page["next"]
            tokens.append(token)
        return texts, tokens
