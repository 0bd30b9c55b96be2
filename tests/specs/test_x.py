"""X against its own specifications, 2.166 and 2.167: what we ask for, and what the fake answers.

openapi-core checks values and replies; it passes unknown query parameters, so those are checked by name.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from openapi_core import Config, OpenAPI
from openapi_core.testing import MockRequest, MockResponse

from conformance.fake import Trouble
from conformance.item import Link, Media
from conformance.platforms.x_words import refusal_of, words_of
from connectors.x.reading import KNOWN_POST, KNOWN_USER
from connectors.x.wire import POST_NAMES, TWEET_NAMES, USER_FIELDS
from schemas.capture import Ids, Response, Threads
from schemas.vocabulary import Stream
from tests.connectors.rig import Wire
from tests.connectors.x_stage import Stage, staged

# openapi-core knows no OAuth 2 scheme, which 2.167 names first; the bearer scheme is what it checks.
pytestmark = [pytest.mark.specs, pytest.mark.filterwarnings("ignore:Unsupported scheme type")]

FILES = {"tweet": "x-openapi-2.166-tweetfields.json", "post": "x-openapi-2.167-postfields.json"}
NAMES = {"tweet": TWEET_NAMES, "post": POST_NAMES}
HOST = "https://api.x.com"


def folder() -> Path:
    """Return where the specifications are; absent, the test fails: this tier is asked for by name."""
    found = Path(os.environ.get("MUNIMENT_SPECS", ""))
    assert (found / FILES["tweet"]).is_file(), "set MUNIMENT_SPECS to the folder of the specifications"
    return found


class Contract:
    """One version of X's specification."""

    def __init__(self, path: Path) -> None:
        self.spec = json.loads(path.read_text())
        # The file has duplicate enum values, which a strict validator refuses.
        more: Any = {"application/problem+json": json.loads}
        config = Config(spec_validator_cls=None, extra_media_type_deserializers=more)
        self.api = OpenAPI.from_file_path(str(path), config=config)

    def parameters(self, pattern: str) -> dict[str, Any]:
        """Return the parameters of a GET by name, references followed."""
        found = {}
        for told in self.spec["paths"][pattern]["get"]["parameters"]:
            reference = told.get("$ref", "").rpartition("/")[2]
            parameter = self.spec["components"]["parameters"][reference] if reference else told
            found[parameter["name"]] = parameter["schema"]
        return found

    def check(self, pattern: str, path: str, query: dict[str, str], reply: tuple[int, bytes, str]) -> None:
        """Check one exchange.

        Raises:
            OpenAPIError: The request or the reply is not as the specification says.
        """
        keys = [part.strip("{}") for part in pattern.split("/") if part.startswith("{")]
        values = [b for a, b in zip(pattern.split("/"), path.split("/"), strict=True) if a.startswith("{")]
        request = MockRequest(
            HOST,
            "get",
            path,
            args=query,
            view_args=dict(zip(keys, values, strict=True)),
            path_pattern=pattern,
            headers={"Authorization": "Bearer t"},
        )
        self.api.validate_request(request)
        status, body, kind = reply
        self.api.validate_response(request, MockResponse(body, status_code=status, content_type=kind))


_CONTRACTS: dict[str, Contract] = {}


@pytest.fixture
def wire() -> Iterator[Wire]:
    with httpx.Client(timeout=60) as client:
        yield Wire(client)


@pytest.fixture(params=["tweet", "post"])
def names(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture
def contract(names: str) -> Contract:
    if names not in _CONTRACTS:
        _CONTRACTS[names] = Contract(folder() / FILES[names])
    return _CONTRACTS[names]


@pytest.fixture
def stage(wire: Wire, names: str) -> Iterator[Stage]:
    """Yield a council with everything X can show; `exchanges` below are made on it."""
    with staged(wire, names=names) as stage:
        link = Link(url="https://bit.ly/NbBins", target="https://www.northbeck.example/bins")
        media = [Media(id="m", alt="A bin"), Media(id="v", kind="video", mime="video/mp4")]
        first = stage.world.post(stage.council, f"Bins & boxes {link.url}", links=[link], media=media)
        stage.world.edit(first, f"Bins, boxes {link.url}")
        stage.comment(stage.comment(first, "Where?"), "Mill Lane", author=stage.council)
        theirs = stage.world.post(stage.resident, "The bridge is closed")
        stage.world.post(stage.council, "Read this", facts={"quotes": theirs, "poll": ["Yes", "No"]})
        stage.world.post(stage.council, "A long notice. " * 30 + link.url, links=[link])
        stage.world.sync()
        yield stage


def exchanges(stage: Stage, names: str) -> list[tuple[str, httpx.URL, Response]]:
    """Return every kind of request that the connector makes, with the fake's reply."""
    posts = list(stage.world.posts_of(stage.council))
    gone = stage.world.post(stage.council, "Sent by mistake")
    stage.world.sync()
    refs = (stage.ref(gone), stage.ref(posts[1]))
    stage.world.delete(gone, subtree=False)
    stage.fake.knobs.refused_ids = {posts[1].native_id}
    stage.fake.knobs.page_size = 2
    app = {"access_token": stage.token, "bearer_token": stage.token}
    recent = stage.connector(options={"x_names": names})
    everything = stage.connector(app, options={"x_names": names, "x_search": "all"})
    threads = Threads(threads=(stage.ref(posts[0]),))
    found = [
        *stage.run(connector=recent).responses,
        *stage.run(Ids(wanted=refs, controls=(stage.ref(posts[0]),)), connector=recent).responses,
        *stage.run(threads, Stream.COMMENTS, recent).responses,
        *stage.run(threads, Stream.COMMENTS, everything).responses,
        *stage.run(stream=Stream.PROFILE, connector=recent).responses,
    ]
    return [(response.endpoint, httpx.URL(response.address), response) for response in found]


def test_every_exchange_passes_the_specification(contract: Contract, stage: Stage, names: str) -> None:
    seen = set()
    for pattern, url, response in exchanges(stage, names):
        path = url.path.removeprefix("/x")
        contract.check(pattern, path, dict(url.params), (200, response.body, "application/json"))
        seen.add(pattern)
    assert seen == {
        "/2/tweets",
        "/2/tweets/search/all",
        "/2/tweets/search/recent",
        "/2/users/{id}",
        "/2/users/{id}/tweets",
    }


def test_every_parameter_is_one_of_the_specifications(contract: Contract, stage: Stage, names: str) -> None:
    for pattern, url, _ in exchanges(stage, names):
        known = contract.parameters(pattern)
        assert set(url.params) <= set(known)
        for name, value in url.params.items():
            allowed = known[name].get("items", {}).get("enum")
            assert allowed is None or set(value.split(",")) <= set(allowed), name


def test_everything_that_a_record_needs_is_asked_for(contract: Contract, names: str) -> None:
    known = contract.parameters("/2/users/{id}/tweets")
    asked = NAMES[names].parameters
    for name, value in asked.items():
        assert set(value.split(",")) <= set(known[name]["items"]["enum"])
    together = set(",".join(asked.values()).split(","))
    note, history, refers = {
        "tweet": ("note_tweet", "edit_history_tweet_ids", "referenced_tweets"),
        "post": ("note_post", "edit_history_post_ids", "referenced_posts"),
    }[names]
    assert {note, history, refers, "author_id", "created_at", "entities", "attachments"} <= together
    assert set(USER_FIELDS.split(",")) <= set(known["user.fields"]["items"]["enum"])


def test_the_two_vocabularies_do_not_take_each_others_parameter(contract: Contract, names: str) -> None:
    other = "post" if names == "tweet" else "tweet"
    assert f"{other}.fields" not in contract.parameters("/2/tweets")


def test_no_field_of_a_reply_is_unknown_to_the_reader(contract: Contract, stage: Stage, names: str) -> None:
    schemas = contract.spec["components"]["schemas"]
    posts = set(schemas["Tweet" if names == "tweet" else "Post"]["properties"])
    connector = stage.connector(options={"x_names": names})
    found = stage.run(connector=connector)
    told = {key for reading in found.readings for key in reading.items[0]}
    assert told <= posts

    assert posts <= KNOWN_POST
    assert set(schemas["User"]["properties"]) <= KNOWN_USER


@pytest.mark.parametrize("trouble", [Trouble.MISSING_PERMISSION, Trouble.QUOTA_SPENT])
def test_refusals_are_problem_documents(contract: Contract, names: str, trouble: Trouble) -> None:
    reply = refusal_of(trouble, words_of(names), reset=0)
    if names == "post":
        assert isinstance(reply.body, dict)
        assert {"title", "type"} <= set(reply.body)
        return
    body = json.dumps(reply.body).encode()
    contract.check("/2/tweets", "/2/tweets", {"ids": "20"}, (reply.status, body, "application/problem+json"))
