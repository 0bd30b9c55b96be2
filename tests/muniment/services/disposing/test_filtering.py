"""An older archive beside its newer register is filtered before anybody reads it, in every store."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from typing_extensions import override

from muniment.domain.disposal import Why
from muniment.domain.disposal_run import RunState
from muniment.ports import SearchIndex
from muniment.services.restoring import refuse_unfiltered
from schemas.errors import IntegrityError, SearchUnavailableError
from tests.muniment.adapters.delta.council import COUNCIL, Said
from tests.muniment.adapters.search_index.engines import ENGINES, emptied, opened
from tests.muniment.services.disposing.office import IVY, Office, ids


@dataclass(kw_only=True)
class EngineOffice(Office):
    """An office whose index is of another engine."""

    engine: SearchIndex

    @override
    def made_index(self) -> SearchIndex:
        return self.engine


@pytest.fixture(params=ENGINES)
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    emptied(request.param, COUNCIL)
    with opened(request.param, tmp_path / "index") as engine:
        found = EngineOffice(root=tmp_path, engine=engine)
        yield found
        found.register.close()


def destroyed_since(office: Office) -> None:
    """Have records 1, 2 and 3 destroyed, with their pictures; then put archive and index back."""
    office.settle()
    copy = office.copied()
    office.kept |= dict.fromkeys(ids(4, 5, 6), Why.NOT_YET)
    assert office.destroying.execute(office.approved()).state is RunState.CERTIFIED
    office.put_back(copy)
    office.reopen()
    assert office.held() == ids(1, 2, 3, 4, 5, 6)
    assert office.searched() == 6
    with pytest.raises(IntegrityError, match="filter-restored"):
        refuse_unfiltered(COUNCIL, archive=office.archive, register=office.register)


def nothing_came_back(office: Office) -> None:
    refuse_unfiltered(COUNCIL, archive=office.archive, register=office.register)
    assert office.held() == ids(4, 5, 6)
    assert office.searched() == 3
    assert list(office.media.names()) == []
    assert office.register.mentions(COUNCIL, sorted(ids(1, 2, 3))) == 0


def test_what_was_destroyed_does_not_come_back_with_an_older_archive_and_index(office: Office) -> None:
    destroyed_since(office)

    done = office.restored().filter(actor=IVY, reason="the disk was replaced")

    assert (done.records, done.lost_commits) == (3, 1)
    nothing_came_back(office)
    kept = office.keep(Said(number=1, text="seen again", capture="capture-9"), Said(number=9))
    assert kept.new == 1
    assert kept.disposed == ids(1)
    office.catch_up()
    assert office.searched() == 4


def test_while_the_search_server_is_away_it_stays_shut_and_is_filtered_later(office: Office) -> None:
    destroyed_since(office)

    def away() -> Mapping[str, str]:
        raise SearchUnavailableError("The search server does not answer.")

    with pytest.raises(SearchUnavailableError):
        office.restored(classes=away).filter(actor=IVY, reason="the disk was replaced")
    office.reopen()
    with pytest.raises(IntegrityError, match="filter-restored"):
        refuse_unfiltered(COUNCIL, archive=office.archive, register=office.register)

    office.restored().filter(actor=IVY, reason="the server is back")

    nothing_came_back(office)
