"""An index that asks another process what was erased follows it as one that asks the register itself."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import Pipe
from pathlib import Path

import pytest

from muniment.adapters.register_asked import Answers, RegisterAsked, answer, erasure_answers
from muniment.adapters.tantivy.index import TantivyIndex
from muniment.domain.disposal_run import RunState
from muniment.search.answer import Order
from muniment.search.parse import parse
from muniment.services.indexing import follow
from schemas.errors import StorageError
from tests.muniment.adapters.delta.council import COUNCIL
from tests.muniment.services.disposing.office import Office


@contextmanager
def asked(answers: Answers) -> Iterator[RegisterAsked]:
    """Ask as another process does; who answers ends when the pipe does."""
    near, far = Pipe()
    answering = threading.Thread(target=answer, args=(near, answers))
    answering.start()
    with far:
        yield RegisterAsked(far)
    answering.join(60)
    assert not answering.is_alive()


def test_what_is_destroyed_between_two_commits_stays_in_no_index(office: Office, tmp_path: Path) -> None:
    index = TantivyIndex(tmp_path / "beside", heap_bytes=15_000_000)
    found: list[int] = []

    def commits() -> Iterator[int]:
        office.settle()
        yield office.archive.commit_no()
        run = office.approved()
        office.register.begin_rebuild(COUNCIL, "another index", commit_no=2)
        assert office.destroying.execute(run).state is RunState.VERIFYING  # its ids are known
        yield office.archive.commit_no()
        office.register.end_rebuild(COUNCIL, "another index")
        assert office.destroying.execute(run).state is RunState.CERTIFIED  # and now they are not
        office.settle(2)
        yield office.archive.commit_no()

    def reached(watermark: int) -> None:
        assert watermark == office.archive.commit_no()
        found.append(index.search(COUNCIL, parse("bins"), order=Order.NEWEST).records)

    with asked(erasure_answers(office.register)) as register:
        follow(office.archive, index, COUNCIL, commits(), reached, erased=register)
        assert register.rebuilding(COUNCIL) == ()
    assert found[0] > 0
    assert found[1:] == [0, 0]


def test_an_index_built_anew_elsewhere_belongs_to_who_builds_it(office: Office) -> None:
    with asked(erasure_answers(office.register)) as register:
        register.begin_rebuild(COUNCIL, "search", commit_no=1, owner="elsewhere/1/1")
        office.register.end_rebuild(COUNCIL, "search")
        assert register.rebuilding(COUNCIL) == ("search",)
        register.end_rebuild(COUNCIL, "search", owner="elsewhere/1/1")
        assert office.register.rebuilding(COUNCIL) == ()


def test_whoever_asks_hears_when_nobody_can_answer() -> None:
    def unreadable(_council: str) -> int:
        raise StorageError("The register cannot be read.", remedy="Mend the disk.")

    with asked({"intents": unreadable}) as register, pytest.raises(EOFError):
        register.intents(COUNCIL)


def test_whoever_asks_hears_when_its_parent_has_ended() -> None:
    near, far = Pipe()
    near.close()
    with far, pytest.raises((EOFError, ConnectionError)):
        RegisterAsked(far).intents(COUNCIL)


def test_who_answers_ends_though_nobody_takes_the_answer() -> None:
    near, far = Pipe()
    far.send(("intents", (COUNCIL,), {}))
    far.close()
    answer(near, {"intents": lambda _council: b"x" * 10_000_000})
