"""WordPress against the schemas that a real 6.1.9 gave of itself: the fake's replies, our requests."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from conformance.item import Media
from conformance.platforms.wordpress import WordPressFake
from conformance.server import serve
from conformance.world import World
from schemas.capture import Edge, Window
from schemas.vocabulary import Stream
from tests.connectors.blog import BlogRig, pages
from tests.connectors.rig import Wire

pytestmark = pytest.mark.specs


@pytest.fixture
def blog() -> Iterator[BlogRig]:
    world = World()
    fake = WordPressFake(world)
    with serve(world, [fake]), httpx.Client(timeout=60) as client:
        council = world.account("wordpress", "northbeck", "Northbeck News", owned=True)
        resident = world.account("wordpress", "resident", "A Resident")
        blog = BlogRig(world, fake, Wire(client), council, resident)
        posts = blog.notices(3)
        world.post(council, "About", kind="page", title="About", media=[Media(id="map")])
        comment = world.comment(posts[0], "Which day?", author=resident)
        world.comment(comment, "Friday", author=council)
        world.comment(posts[1], "Held", author=resident, shown="held")
        world.edit(posts[1], "Corrected")
        world.hide(posts[2], "trash")
        yield blog


def spec(name: str) -> dict[str, Any]:
    folder = os.environ.get("MUNIMENT_SPECS")
    assert folder, "MUNIMENT_SPECS names no folder with the vendors' specifications"
    told: dict[str, Any] = json.loads((Path(folder) / f"wordpress-{name}-schema.json").read_text())
    return told


def schema_of(name: str, context: str) -> dict[str, Any]:
    """Return the schema of an item in a context; WordPress writes empty objects as [], and adds `_links`."""
    schema = spec(name)["schema"]
    fields = {key: told for key, told in schema["properties"].items() if context in told["context"]}
    for told in fields.values():
        if told.get("properties") == []:
            told.pop("properties")
            told["type"] = ["object", "array"]
    if name == "posts":
        fields["status"]["enum"].append("trash")
    return {
        "type": "object",
        "properties": {**fields, "_links": {"type": "object"}, "_embedded": {"type": "object"}},
        "required": [*fields, "_links"],
        "additionalProperties": False,
    }


@pytest.mark.parametrize("context", ["view", "edit"])
@pytest.mark.parametrize("name", ["posts", "comments"])
def test_the_fakes_items_are_what_the_real_one_says_they_are(blog: BlogRig, name: str, context: str) -> None:
    connector = blog.wordpress(signed_in=context == "edit")
    stream = Stream.POSTS if name == "posts" else Stream.COMMENTS
    told = [r for r in pages(connector, stream, Edge()) if r.endpoint == f"/wp/v2/{name}"]
    items = [item for response in told for item in json.loads(response.body)]
    assert items
    checker = jsonschema.Draft4Validator(schema_of(name, context))
    for item in items:
        assert [error.message for error in checker.iter_errors(item)] == []


@pytest.mark.parametrize("name", ["posts", "comments"])
def test_our_requests_use_parameters_that_the_real_one_has(blog: BlogRig, name: str) -> None:
    arguments = next(each["args"] for each in spec(name)["endpoints"] if each["methods"] == ["GET"])
    allowed = set(arguments) | {"_embed", "_fields"}
    connector = blog.wordpress(signed_in=True)
    connector.check()
    stream = Stream.POSTS if name == "posts" else Stream.COMMENTS
    since = pages(connector, Stream.POSTS)[0].signpost
    assert since is not None
    assert since.at is not None
    pages(connector, stream, Edge(since=since))
    pages(connector, stream, Window(start=since.at, end=since.at))
    if name == "comments":
        pages(connector, stream, blog.threads(blog.world.posts_of(blog.council)))
    asked = [request for request in blog.fake.journal.requests if request.path.endswith(f"/{name}")]
    assert len(asked) >= 3
    for request in asked:
        assert set(request.query) <= allowed
        for parameter, values in request.query.items():
            enum = arguments.get(parameter, {}).get("enum")
            assert not enum or set(values) <= set(enum), parameter
            assert parameter != "per_page" or 1 <= int(values[0]) <= 100
