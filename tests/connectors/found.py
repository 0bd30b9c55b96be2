"""What a walk brought, read: alike for every platform; each stage adds what only its platform has."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from connectors.contract import Connector, Reading
from schemas.capture import Exhibit, Listed, Response, Walk
from schemas.errors import MalformedItemError
from schemas.record import CouncilRecord
from tests.connectors.rig import nothing_held, resumed

__all__ = ["Found", "read_into", "walked_through"]


@dataclass
class Found:
    """What the responses of a walk said, read."""

    responses: list[Response]
    exhibits: list[Exhibit] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)

    @property
    def records(self) -> list[CouncilRecord]:
        return [reading.record for reading in self.readings if reading.record is not None]

    @property
    def texts(self) -> list[str]:
        return [record.text for record in self.records]

    @property
    def ids(self) -> list[str]:
        return [record.native_id for record in self.records]

    @property
    def answers(self) -> dict[str, tuple[str, str]]:
        looks = [reading.look for reading in self.readings if reading.look is not None]
        return {look.record_id: (look.answer.value, look.shown) for look in looks}

    @property
    def listed(self) -> dict[str, Listed]:
        """The last word on each list."""
        return {each.listing: each for response in self.responses for each in response.listings}


AnyFound = TypeVar("AnyFound", bound=Found)


def read_into(found: AnyFound, connector: Connector) -> AnyFound:
    """Cut and read what was found; what cannot be read is told by its name."""
    for response in found.responses:
        for exhibit in connector.exhibits(response):
            found.exhibits.append(exhibit)
            try:
                found.readings.append(connector.read(exhibit))
            except MalformedItemError:
                found.unread.append(exhibit.record_id)
    return found


def walked_through(
    connector: Connector, walk: Walk, error: type[Exception], tries: Iterable[object] = range(20)
) -> list[Response]:
    """Walk to the end, going on from the last marker after each error of this class.

    `tries` is gone through, one step before each try: what is to happen between them happens there.
    """
    responses: list[Response] = []
    for _ in tries:
        try:
            for response in connector.pages(walk, nothing_held):
                responses.append(response)
                walk = resumed(walk, response)
        except error:
            continue
        return responses
    raise AssertionError("the walk never ended")
