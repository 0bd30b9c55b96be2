"""Whatever one answer of a walk says, the walk ends as one of our errors, and asks no more than it should.

The pure half (cutting, reading) is tried value by value in tests/muniment/services/test_hostile_answers.py;
here a whole walk meets, over real HTTP, one answer that was changed: a value of another kind, JSON nested
beyond any reader, letters that are none, a body that breaks off.
"""

import random
from collections.abc import Iterator

import pytest

from connectors.registry import PLATFORMS
from muniment.services.reading import cut, findings
from schemas.capture import Walk
from schemas.errors import FatalError, MalformedItemError, MunimentError
from tests.connectors.tampered import Council, council_on, some_change

_TRIES = 60
_MOST_CALLS = 100


@pytest.fixture(scope="module", params=PLATFORMS)
def council(request: pytest.FixtureRequest) -> Iterator[Council]:
    with council_on(request.param) as found:
        yield found


def check(council: Council) -> None:
    """Ask who it is; what is told of it must be of its kind."""
    identity = council.connector().check()
    assert isinstance(identity.native_id, str)
    assert isinstance(identity.handle, str)
    assert identity.posts is None or type(identity.posts) is int


def walk_through(council: Council, number: int) -> None:
    """Walk to the end, cut and read all that comes."""
    stream, ask = council.walks[number]
    connector = council.connector()
    walk = Walk(walk_id="walk-1", account=council.account, stream=stream, ask=ask)
    for response in council.pages(connector, stream, ask):
        assert council.tampering.answers < _MOST_CALLS
        try:
            one = cut(connector, response)
        except MalformedItemError:
            continue
        findings(connector, walk, [one], known={}, council_ids=())
        list(connector.addresses(response))


def test_no_answer_can_end_a_walk_but_by_an_error_of_ours(council: Council) -> None:
    calls = []
    for number in range(len(council.walks)):
        council.tampering.set(-1, bytes)
        walk_through(council, number)
        calls.append(council.tampering.answers)
    for seed in range(_TRIES):
        chance = random.Random(seed)  # noqa: S311 - no secret
        number = chance.randrange(len(council.walks) + 1)
        whole = number < len(council.walks)
        council.tampering.set(chance.randrange(calls[number] if whole else 3), some_change(chance))
        try:
            walk_through(council, number) if whole else check(council)
        except FatalError as error:  # an answer of theirs is no fault of ours
            raise AssertionError(f"seed {seed}") from error
        except MunimentError:
            pass
