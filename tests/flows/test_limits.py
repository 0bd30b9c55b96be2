"""A credential's limit: asked again while the server is busy, and never the reason that a walk is lost."""

import json
import threading
from collections.abc import Iterator
from contextvars import copy_context
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import uuid4

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings
from typing_extensions import override

from flows.limits import Limits
from schemas.errors import CredentialBusyError

BUSY, HELD = 503, 423
TAKE, GIVE_BACK = "increment-with-lease", "decrement-with-lease"


class Server(ThreadingHTTPServer):
    """Answers as a Prefect server does that keeps one limit, and `refusing` first so many times."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.refusing: list[int] = []
        self.asked: list[str] = []
        self.exists = True
        self.holders = 0
        self.most_holders = 0
        self.lock = threading.Lock()


class Answering(BaseHTTPRequestHandler):
    """One request to the fake."""

    server: Server

    def do_GET(self) -> None:
        self._answer(404 if "csrf" in self.path or not self.server.exists else 200, {})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        verb = self.path.rsplit("/", 1)[-1]
        with self.server.lock:
            self.server.asked.append(verb or "make")
            if self.server.refusing:
                self._answer(self.server.refusing.pop(0), {})
            elif verb == TAKE and self.server.holders:
                self._answer(HELD, {})
            elif verb == TAKE:
                found = self.server.exists
                self.server.holders += found
                self.server.most_holders = max(self.server.holders, self.server.most_holders)
                limits = [{"id": str(uuid4()), "name": "one", "limit": 1}] if found else []
                self._answer(200, {"lease_id": str(uuid4()), "limits": limits})
            elif verb == GIVE_BACK:
                self.server.holders -= 1
                self._answer(204, None)
            else:
                self.server.exists = True
                self._answer(201, {"id": str(uuid4())})

    def _answer(self, status: int, told: object) -> None:
        body = b"" if told is None else json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Retry-After", "60")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    @override
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        running = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        running.start()
        with temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{made.server_port}/api"}):
            yield made
        made.shutdown()
        running.join()


def test_a_busy_server_is_asked_again_and_the_limit_given_back_once(server: Server) -> None:
    server.refusing = [BUSY, BUSY, HELD, BUSY]
    with Limits().taken("one"):
        assert server.holders == 1
        server.refusing = [BUSY, BUSY]
    assert server.holders == 0
    assert server.asked == [TAKE] * 5 + [GIVE_BACK] * 3


def test_a_limit_has_one_holder_at_a_time(server: Server) -> None:
    limits = Limits()
    walked: list[int] = []

    def walk(number: int) -> None:
        with limits.taken("one"):
            walked.append(number)

    threads = [threading.Thread(target=copy_context().run, args=(walk, number)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(walked) == list(range(6))
    assert (server.holders, server.most_holders) == (0, 1)


def test_a_limit_that_nobody_made_is_made(server: Server) -> None:
    server.exists = False
    with Limits().taken("one"):
        assert server.holders == 1
    assert server.asked == [TAKE, "make", TAKE, GIVE_BACK]


@pytest.mark.parametrize(("status", "says"), [(BUSY, "answer 503"), (HELD, "held by another walk")])
def test_what_cannot_be_taken_is_to_be_run_again(server: Server, status: int, says: str) -> None:
    server.refusing = [status] * 50
    with (
        pytest.raises(CredentialBusyError, match=says),
        Limits(busy_seconds=0.2, taken_seconds=0.2).taken("a"),
    ):
        raise AssertionError("a walk began without its limit")


def test_a_walk_that_ended_is_whole_though_its_limit_could_not_be_given_back(server: Server) -> None:
    walked = False
    with Limits(busy_seconds=0.2).taken("one"):
        walked = True
        server.refusing = [BUSY] * 50
    assert walked
    assert server.holders == 1  # until its lease ends
