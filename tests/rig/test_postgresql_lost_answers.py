"""A commit of the register whose answer was lost is done, and told as done; one that never came is not."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Lock, Thread

import pytest
import sqlalchemy as sa
from typing_extensions import override

from muniment.adapters.sql.engine import Database
from schemas.errors import StorageError

pytestmark = pytest.mark.rig

ASKED, ANSWERED = b"commit", b"COMMIT\x00"
NAMES = sa.table("names", sa.column("name"))


class LosingWay:
    """A way to PostgreSQL on which the connection is cut, once, at the first message with a word in it."""

    def __init__(self, server: tuple[str, int]) -> None:
        self._server = server
        self._guard = Lock()
        self._at: bytes | None = None

    def cut(self, at: bytes) -> None:
        with self._guard:
            self._at = at

    def was_cut(self) -> bool:
        with self._guard:
            return self._at is None

    @contextmanager
    def opened(self) -> Iterator[int]:
        """Listen on loopback; yield the port."""
        way = self

        class Handler(BaseRequestHandler):
            @override
            def handle(self) -> None:
                with socket.create_connection(way._server) as there:
                    back = Thread(target=way._pass, args=(there, self.request))
                    back.start()
                    way._pass(self.request, there)
                    back.join()

        with ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
            thread = Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            try:
                yield int(server.server_address[1])
            finally:
                server.shutdown()
                thread.join()

    def _pass(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while (said := one.recv(65_536)) and not self._is_cut(said):
                other.sendall(said)
        for each in (one, other):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _is_cut(self, said: bytes) -> bool:
        with self._guard:
            if self._at is None or self._at not in said:
                return False
            self._at = None
            return True


@pytest.fixture
def way(postgresql_url: str) -> LosingWay:
    address = sa.make_url(postgresql_url)
    return LosingWay((str(address.host), int(address.port or 5432)))


@pytest.fixture
def database(way: LosingWay, postgresql_url: str) -> Iterator[Database]:
    with way.opened() as port:
        url = sa.make_url(postgresql_url).set(port=port).render_as_string(hide_password=False)
        made = Database(url)
        with made.exclusive() as connection:
            connection.execute(sa.text("CREATE TABLE names (name text)"))
        yield made
        made.close()


def write(database: Database, name: str) -> None:
    with database.exclusive() as connection:
        connection.execute(sa.insert(NAMES).values(name=name))


def names(database: Database) -> list[str]:
    with database.read() as connection:
        return list(connection.execute(sa.select(NAMES.c.name).order_by(NAMES.c.name)).scalars())


def test_a_commit_whose_answer_was_lost_is_told_as_done(database: Database, way: LosingWay) -> None:
    write(database, "first")
    way.cut(ANSWERED)
    write(database, "second")
    assert way.was_cut()
    write(database, "third")
    assert names(database) == ["first", "second", "third"]


def test_a_commit_that_never_came_is_told_as_failed_and_can_be_done_again(
    database: Database, way: LosingWay
) -> None:
    way.cut(ASKED)
    with pytest.raises(StorageError):
        write(database, "first")
    assert way.was_cut()
    write(database, "first")
    assert names(database) == ["first"]


def test_what_fails_inside_is_rolled_back_and_raised_as_it_was(database: Database) -> None:
    def fail() -> None:
        with database.exclusive() as connection:
            connection.execute(sa.insert(NAMES).values(name="first"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert names(database) == []
