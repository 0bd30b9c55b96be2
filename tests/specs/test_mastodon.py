"""Mastodon against its description, 4.7.0: what we ask for, and what the fake answers.

openapi-core checks values and replies; it passes unknown query parameters and unknown fields, so those are
checked by name. The file is generated from Mastodon's documentation by others than Mastodon's authors.
"""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from openapi_core import Config, OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest, MockResponse

from conformance.fake import Trouble
from conformance.item import Link, Media
from conformance.wire import Request
from connectors.mastodon.reading import KNOWN, KNOWN_OF_ACCOUNT, KNOWN_OF_ENTRY
from schemas.capture import Cursor, Edge, Response, Window
from schemas.vocabulary import Stream
from tests.connectors import golden
from tests.connectors.mastodon_stage import Stage, staged
from tests.connectors.rig import Wire

# openapi-core knows no OAuth 2 scheme, the only one that the file names.
pytestmark = [pytest.mark.specs, pytest.mark.filterwarnings("ignore:Unsupported scheme type")]

FILE = "mastodon-openapi.json"
HOST = "https://mastodon.example"


class Contract:
    """The description."""

    def __init__(self, path: Path) -> None:
        assert path.is_file(), "set MUNIMENT_SPECS to the folder of the specifications"
        self.spec = json.loads(path.read_text())
        # A quote is valid as `Quote` and, having more fields, as `ShallowQuote` too: either is what is meant.
        for name in ("Status", "StatusEdit"):
            quote = self.spec["components"]["schemas"][name]["properties"]["quote"]
            quote["anyOf"] = quote.pop("oneOf")
        # A default of another type than its parameter is refused by a strict validator.
        self.api = OpenAPI.from_dict(self.spec, config=Config(spec_validator_cls=None))

    def parameters(self, pattern: str) -> set[str]:
        """Return the names of the query parameters of a GET."""
        return {each["name"] for each in self.spec["paths"][pattern]["get"].get("parameters", ())} - {"id"}

    def fields(self, schema: str) -> set[str]:
        """Return the names of an object's fields."""
        return set(self.spec["components"]["schemas"][schema]["properties"])

    def statuses(self, pattern: str) -> set[str]:
        """Return the statuses that an endpoint answers with."""
        return set(self.spec["paths"][pattern]["get"]["responses"])

    def check(self, pattern: str, path: str, query: Mapping[str, str], reply: tuple[int, bytes]) -> None:
        """Check one exchange.

        Raises:
            OpenAPIError: The request or the reply is not as described.
        """
        values = {
            name.strip("{}"): value
            for name, value in zip(pattern.split("/"), path.split("/"), strict=True)
            if name.startswith("{")
        }
        request = MockRequest(HOST, "get", path, args=dict(query), view_args=values, path_pattern=pattern)
        self.api.validate_request(request)
        status, body = reply
        told = MockResponse(body, status_code=status, content_type="application/json")
        self.api.validate_response(request, told)


@pytest.fixture(scope="module")
def contract() -> Contract:
    return Contract(Path(os.environ.get("MUNIMENT_SPECS", ""), FILE))


@pytest.fixture
def wire() -> Iterator[Wire]:
    with httpx.Client(timeout=60) as client:
        yield Wire(client)


@pytest.fixture
def stage(wire: Wire) -> Iterator[Stage]:
    with staged(wire) as stage:
        yield stage


def everything(stage: Stage) -> list[Response]:
    """Make every kind of request that the connector makes, on every kind of status."""
    link = Link(url="https://northbeck.example/bins", target="")
    bare = stage.post(f"See {link.url}", links=[link])
    media = [
        Media(id="m", alt="A bin"),
        Media(id="v", kind="video", mime="video/mp4"),
        Media(id="u", kind="unknown"),
    ]
    post = stage.post("Rats", title="A picture of rats", media=media, facts={"poll": ["Yes", "No"]})
    stage.post("Read this", facts={"quotes": bare})
    stage.post("For followers", shown="private")
    stage.post("A letter", shown="direct")
    stage.post("Unlisted", facts={"visibility": "unlisted"})
    answer = stage.comment(post, "Which street?", author=stage.stranger)
    stage.comment(answer, "Mill Lane", author=stage.council)
    stage.world.edit(post, "Mice", media=media[:1])
    stage.world.edit(answer, "Which house?")
    gone = stage.comment(answer, "By mistake")
    below = stage.comment(gone, "Indeed")
    stage.delete(gone)
    stage.fake.knobs.page_size = 2
    found: list[Response] = []
    for signed_in in (True, False):
        connector = stage.connector(signed_in=signed_in)
        connector.check()
        found += stage.run(stream=Stream.PROFILE, connector=connector).responses
        found += stage.run(connector=connector).responses
        found += stage.run(
            Edge(since=Cursor(native_id=None, at=post.created_at)), connector=connector
        ).responses
        window = Window(start=bare.created_at, end=stage.world.now)
        found += stage.run(window, connector=connector).responses
        found += stage.thread(post, bare, signed_in=signed_in).responses
        for each in (answer, gone, below):
            found += stage.by_id(each, post, signed_in=signed_in).responses
    return found


def pattern_of(response: Response) -> str:
    return response.endpoint.partition(",")[0]


def path_of(stage: Stage, response: Response) -> str:
    return httpx.URL(response.address).path.removeprefix(httpx.URL(stage.fake.base_url).path)


def objects(told: Any) -> Iterator[dict[str, Any]]:
    """Yield every object of an answer, at every depth."""
    if isinstance(told, dict):
        yield told
        for value in told.values():
            yield from objects(value)
    elif isinstance(told, list):
        for value in told:
            yield from objects(value)


def test_every_exchange_passes_the_description(contract: Contract, stage: Stage) -> None:
    seen = set()
    for response in everything(stage):
        pattern, path = pattern_of(response), path_of(stage, response)
        query = httpx.URL(response.address).params
        assert response.headers["content-type"].startswith("application/json")
        contract.check(pattern, path, query, (response.status, response.body))
        seen.add((pattern, response.status))
    assert seen == {
        ("/api/v1/accounts/{id}", 200),
        ("/api/v1/accounts/{id}/statuses", 200),
        ("/api/v1/statuses/{id}", 200),
        ("/api/v1/statuses/{id}", 404),
        ("/api/v1/statuses/{id}/context", 200),
        ("/api/v1/statuses/{id}/history", 200),
    }


def test_the_answers_to_a_check_pass_the_description(contract: Contract, stage: Stage) -> None:
    for path, query in (
        ("/api/v1/accounts/verify_credentials", {}),
        ("/api/v1/accounts/lookup", {"acct": "northbeck"}),
        ("/api/v1/accounts/lookup", {"acct": "nobody"}),
    ):
        reply = stage.wire.client.get(
            stage.fake.base_url + path, params=query, headers={"authorization": f"Bearer {stage.token}"}
        )
        if path.endswith("verify_credentials"):
            # The description asks for the `source` of an account's owner, which we neither need nor fake.
            told = reply.json()
            assert told.keys() <= contract.fields("CredentialAccount")
            continue
        contract.check(path, path, query, (reply.status_code, reply.content))


def test_the_check_itself_finds_what_is_wrong(contract: Contract) -> None:
    pattern, path = "/api/v1/statuses/{id}", "/api/v1/statuses/1"
    for body in (b'{"id":1}', b"[]", b'{"id":"1"}'):
        with pytest.raises(OpenAPIError):
            contract.check(pattern, path, {}, (200, body))
    with pytest.raises(OpenAPIError):
        contract.check(
            "/api/v1/accounts/{id}/statuses",
            "/api/v1/accounts/1/statuses",
            {"limit": "many"},
            (200, b"[]"),
        )


def test_every_request_is_one_that_is_described(contract: Contract, stage: Stage) -> None:
    everything(stage)
    requests = stage.fake.journal.requests
    assert len(requests) > 60
    for request in requests:
        pattern = request.endpoint.removeprefix("GET ")
        assert request.method == "GET"
        assert request.query.keys() <= contract.parameters(pattern), request.path
        assert str(request.status) in contract.statuses(pattern)
        assert int(request.query.get("limit", ["1"])[0]) <= 40


def test_the_fake_has_no_field_that_is_not_described(contract: Contract, stage: Stage) -> None:
    status, account, entry = (contract.fields(name) for name in ("Status", "Account", "StatusEdit"))
    file = contract.fields("MediaAttachment")
    kinds = {"status": 0, "account": 0, "entry": 0, "file": 0}
    for response in everything(stage):
        if response.status != 200:
            continue
        for told in objects(json.loads(response.body)):
            if "visibility" in told:
                kinds["status"] += 1
                assert told.keys() <= status
            elif "username" in told and "note" in told:
                kinds["account"] += 1
                assert told.keys() <= account
            elif "content" in told:
                kinds["entry"] += 1
                assert told.keys() <= entry
            elif "blurhash" in told:
                kinds["file"] += 1
                assert told.keys() <= file
    assert all(kinds.values())


def test_the_reader_knows_every_field_that_is_described(contract: Contract) -> None:
    assert contract.fields("Status") <= KNOWN
    assert contract.fields("StatusEdit") <= KNOWN_OF_ENTRY
    assert contract.fields("Account") <= KNOWN_OF_ACCOUNT


def test_every_refusal_is_as_described(contract: Contract, stage: Stage) -> None:
    for trouble in Trouble:
        reply = stage.fake.refusal(trouble, Request(method="GET", path="/api/v1/statuses/1"))
        raw = reply.encoded()
        assert isinstance(raw, bytes)
        told = json.loads(raw)
        assert told.keys() <= contract.fields("Error")
        if str(reply.status) in contract.statuses("/api/v1/statuses/{id}") and reply.status != 410:
            contract.check("/api/v1/statuses/{id}", "/api/v1/statuses/1", {}, (reply.status, raw))


@pytest.mark.parametrize("name", [each for each in golden.names("mastodon") if each.startswith("recorded")])
def test_recordings_of_a_real_server_pass_the_description(contract: Contract, name: str) -> None:
    response = golden.load("mastodon", name)
    path = httpx.URL(response.address).path
    pattern = response.endpoint
    if name == "recorded-status":
        path = f"{path}/{json.loads(response.body)['id']}"  # the reply to the posting itself
    contract.check(pattern, path, {}, (response.status, response.body))
