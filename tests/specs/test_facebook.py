"""Facebook against Meta's published field lists: what we ask for, and what the fake answers.

The lists name fields, edges and parameters of `Page`, `PagePost` and `Comment`. Of what lies inside
`attachments` (Meta's StoryAttachment) nothing is published.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from conformance.fake import Trouble
from conformance.platforms.graph import COMMENT_NODE, PAGE_NODE, POST_NODE
from conformance.wire import Request
from connectors.facebook.fields import COMMENT_FIELDS, POST_FIELDS, PROFILE_FIELDS, REACTIONS
from schemas.capture import Cursor, Edge, Response
from schemas.vocabulary import Stream
from tests.connectors.facebook_council import CARD, FILM, PICTURE, WINDOW, Council, open_council
from tests.connectors.rig import Wire

pytestmark = pytest.mark.specs

NODES = {
    "/me": "Page",
    "/{page}": "Page",
    "/{page}/published_posts": "PagePost",
    "/{post}": "PagePost",
    "/{object}/comments": "Comment",
    "/{post}/comments": "Comment",
    "/{comment}": "Comment",
}
EDGES = {
    "/{page}/published_posts": ("Page", "published_posts"),
    "/{object}/comments": ("PagePost", "comments"),
}
EVERYWHERE = {"fields", "access_token", "appsecret_proof"}
ANY_LIST = {"limit", "summary", "after", "since", "until", "__paging_token", "pretty"}
"""Graph's own paging and summary, of every edge; the lists name only what an edge has besides."""


class GraphSpec:
    """Meta's lists of fields and edges."""

    def __init__(self, folder: Path) -> None:
        self.nodes = {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}

    def members(self, node: str) -> dict[str, str | None]:
        """Return every field and edge of a node, with what it holds."""
        spec = self.nodes[node]
        found = {field["name"]: field.get("type") for field in spec.get("fields", [])}
        for api in spec.get("apis", []):
            if api.get("method") == "GET" and "endpoint" in api:
                found[api["endpoint"].lstrip("/")] = api.get("return")
        return found

    def unknown(self, node: str, fields: str, path: str = "") -> str | None:
        """Return the first unknown field; None if all are known."""
        known = self.members(node)
        for name, inner in split_fields(fields):
            if name not in known:
                return f"{path}{name}"
            target = (known[name] or "").removeprefix("list<").rstrip(">")
            if inner and target in self.nodes:
                wrong = self.unknown(target, inner, f"{path}{name}.")
                if wrong:
                    return wrong
        return None

    def parameters(self, node: str, edge: str) -> set[str]:
        """Return the parameters of an edge."""
        apis = self.nodes[node]["apis"]
        found = [
            api for api in apis if api.get("method") == "GET" and api.get("endpoint", "").lstrip("/") == edge
        ]
        return {each["name"] for api in found for each in api.get("params", [])}


def split_fields(text: str) -> Iterator[tuple[str, str]]:
    """'a,b.limit(0).as(x){c,d}' -> ('a', ''), ('b', 'c,d')"""
    depth, part = 0, ""
    for letter in f"{text},":
        if letter == "," and depth == 0:
            head, _, rest = part.strip().partition("{")
            yield head.split(".")[0], rest[:-1]
            part = ""
            continue
        depth += (letter in "{(") - (letter in "})")
        part += letter


@pytest.fixture(scope="module")
def spec() -> GraphSpec:
    folder = Path(os.environ.get("MUNIMENT_SPECS", ""), "meta-codegen")
    assert folder.is_dir(), "set MUNIMENT_SPECS to the folder of the vendors' specifications"
    return GraphSpec(folder)


@pytest.fixture
def council(wire: Wire) -> Iterator[Council]:
    with open_council(wire) as opened:
        yield opened


@pytest.fixture
def wire() -> Iterator[Wire]:
    with httpx.Client(timeout=60) as client:
        yield Wire(client)


def everything(council: Council) -> list[Response]:
    """Walk all that the connector can walk, over pages, and return the answers."""
    (post,) = council.threads(comments=6)
    council.world.post(council.page, "look", media=[PICTURE, FILM], facts={"story": "Anytown did"})
    council.world.post(council.page, "https://bit.ly/AbC12", links=[CARD])
    council.world.comment(post, "see", author=council.resident, media=[PICTURE])
    council.world.count(post, likes=3, shares=1, loves=1)
    council.world.sync()
    found: list[Response] = []
    council.connector.check()
    for by_time in (False, True):
        council.fake.knobs.page_size = 2
        council.fake.time_paging = by_time
        found += council.pages(Stream.PROFILE, Edge())
        found += council.posts()
        found += council.posts(Edge(since=Cursor(native_id=None, at=post.created_at)))
        found += council.posts(WINDOW)
        found += council.comments(post)
        found += council.by_id(Stream.POSTS, post)
        found += council.by_id(Stream.COMMENTS, *council.world.below(post))
    return found


@pytest.mark.parametrize(
    ("node", "fields"), [("PagePost", POST_FIELDS), ("Comment", COMMENT_FIELDS), ("Page", PROFILE_FIELDS)]
)
def test_every_field_that_we_ask_for_is_published(spec: GraphSpec, node: str, fields: str) -> None:
    assert spec.unknown(node, fields) is None


@pytest.mark.parametrize("fields", ["caption", "id,from{id},likes_count", "comments{bogus}"])
def test_the_check_itself_finds_an_unknown_field(spec: GraphSpec, fields: str) -> None:
    assert spec.unknown("PagePost", fields) is not None


@pytest.mark.parametrize(
    ("node", "names"), [("PagePost", POST_NODE), ("Comment", COMMENT_NODE), ("Page", PAGE_NODE)]
)
def test_the_fake_knows_no_field_that_meta_does_not(
    spec: GraphSpec, node: str, names: frozenset[str]
) -> None:
    assert names <= spec.members(node).keys()


def test_every_request_of_the_connector_is_one_that_meta_describes(spec: GraphSpec, council: Council) -> None:
    everything(council)
    requests = council.fake.journal.requests
    assert len(requests) > 20
    for asked in requests:
        endpoint = asked.endpoint.removeprefix("GET ")
        fields = asked.query.get("fields", ["id"])[0]
        assert spec.unknown(NODES[endpoint], fields) is None, asked.path
        allowed = set(EVERYWHERE)
        if endpoint in EDGES:
            allowed |= ANY_LIST | spec.parameters(*EDGES[endpoint])
        assert asked.query.keys() <= allowed, asked.path
        assert asked.status == 200


FITS: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "datetime": str,
    "bool": bool,
    "unsigned int": int,
    "float": (int, float),
    "Object": dict,
    "Place": dict,
    "Privacy": dict,
    "list": list,
    "Location": dict,
}


def misfits(spec: GraphSpec, node: str, item: dict[str, Any]) -> list[str]:
    """Return the names in an answered object that Meta does not list, or of another type."""
    known = spec.members(node)
    wrong = []
    for name, value in item.items():
        if name in REACTIONS:  # aliases of the edge `reactions`
            continue
        if name not in known:
            wrong.append(name)
        elif not isinstance(value, FITS.get((known[name] or "").partition("<")[0], object)):
            wrong.append(f"{name} is no {known[name]}")
    return wrong


def test_every_answer_of_the_fake_has_fields_and_types_that_meta_describes(
    spec: GraphSpec, council: Council
) -> None:
    seen: set[str] = set()
    for response in everything(council):
        told = json.loads(response.body)
        for item in told.get("data", [told]):
            node = NODES[response.endpoint]
            assert misfits(spec, node, item) == []
            seen.add(node)
    assert seen == {"Page", "PagePost", "Comment"}


def test_the_check_of_answers_itself_finds_what_is_wrong(spec: GraphSpec) -> None:
    assert misfits(spec, "Comment", {"id": "1", "text": "x"}) == ["text"]
    assert misfits(spec, "Comment", {"like_count": "3"}) == ["like_count is no unsigned int"]


def test_every_refusal_of_the_fake_has_the_published_shape(council: Council) -> None:
    for trouble in Trouble:
        reply = council.fake.refusal(trouble, Request(method="GET", path="/v26.0/1/comments"))
        raw = reply.encoded()
        assert isinstance(raw, bytes)
        told = json.loads(raw)
        assert reply.status in (400, 403, 500)
        assert {"message", "type", "code", "fbtrace_id"} <= told["error"].keys()
