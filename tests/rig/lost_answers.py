"""A way to a real S3 server on which some answers are lost, though the server did as it was asked.

It is a process of its own: delta-rs keeps Python's lock while it waits for an answer, and would wait for a
thread of the same process for ever.

    python -m tests.rig.lost_answers http://127.0.0.1:7070 500
"""

import http.client
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from urllib.parse import urlsplit

from typing_extensions import override

__all__ = ["CUT", "LosingWay", "losing_way"]

CUT = "cut"
"""The connection is cut; else the way answers with a status of its own, as a gateway whose patience ended."""
_CHECKOUT = Path(__file__).resolve().parents[2]
_OURS = frozenset({"connection", "transfer-encoding", "content-length"})
_TELL = "/-/"


@dataclass(frozen=True, slots=True, kw_only=True)
class LosingWay:
    """A way that runs; `endpoint` is its address."""

    endpoint: str

    def lose(self, count: int, *, method: str = "PUT", part: str = "/_delta_log/") -> None:
        """Have the answers to the next requests lost that have this in their path: commits, if not said."""
        self._ask(f"{_TELL}lose/{count}/{method}/{part}")

    @property
    def lost(self) -> int:
        """How many were."""
        return int(self._ask(f"{_TELL}lost"))

    def _ask(self, path: str) -> str:
        connection = http.client.HTTPConnection(urlsplit(self.endpoint).netloc, timeout=60)
        try:
            connection.request("GET", path)
            return connection.getresponse().read().decode()
        finally:
            connection.close()


@contextmanager
def losing_way(server: str, *, answer: str) -> Iterator[LosingWay]:
    """Run one before a server, for the length of a block; `answer` is CUT or a status."""
    command = [sys.executable, "-m", "tests.rig.lost_answers", server, answer]
    with subprocess.Popen(command, cwd=_CHECKOUT, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            yield LosingWay(endpoint=running.stdout.readline().strip())
        finally:
            running.kill()


class _Counts:
    """How many answers are to be lost, and were."""

    def __init__(self) -> None:
        self._guard = Lock()
        self.to_lose = self.lost = 0
        self.method = self.part = ""

    def begin(self, count: int, method: str, part: str) -> None:
        with self._guard:
            self.to_lose, self.lost, self.method, self.part = count, 0, method, part

    def is_to_lose(self, method: str, path: str) -> bool:
        with self._guard:
            if not self.to_lose or method != self.method or self.part not in path:
                return False
            self.to_lose -= 1
            self.lost += 1
            return True


def serve(server: str, answer: str) -> None:  # noqa: C901 -- a handler's methods stand inside
    """Pass requests on for ever."""
    counts, address = _Counts(), urlsplit(server).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            if self.path.startswith(_TELL):
                return self._told()
            status, headers, said = _asked(address, self.command, self.path, list(self.headers.items()), body)
            if counts.is_to_lose(self.command, self.path):
                if answer == CUT:
                    self.close_connection = True
                    return None
                status, headers, said = int(answer), [], b""
            return self._answer(status, headers, said)

        def _told(self) -> None:
            what, _, told = self.path.removeprefix(_TELL).partition("/")
            if what == "lose":
                count, method, part = told.split("/", 2)
                counts.begin(int(count), method, part)
            self._answer(200, [], str(counts.lost).encode())

        def _answer(self, status: int, headers: list[tuple[str, str]], said: bytes) -> None:
            self.send_response_only(status)
            for name, value in headers:
                if name.lower() not in _OURS:
                    self.send_header(name, value)
            given = {name.lower(): value for name, value in headers}.get("content-length", "0")
            self.send_header("content-length", given if self.command == "HEAD" else str(len(said)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(said)

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _pass  # noqa: N815 -- names of the base class

        @override
        def log_message(self, format: str, *args: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        listening.daemon_threads = True
        sys.stdout.write(f"http://127.0.0.1:{listening.server_port}\n")
        sys.stdout.flush()
        listening.serve_forever()


def _asked(
    address: str, method: str, path: str, headers: list[tuple[str, str]], body: bytes
) -> tuple[int, list[tuple[str, str]], bytes]:
    """Pass a request on as it was signed; return the answer."""
    connection = http.client.HTTPConnection(address, timeout=60)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers:
            if name.lower() not in ("connection", "expect"):
                connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, answer.getheaders(), answer.read()
    finally:
        connection.close()


if __name__ == "__main__":
    serve(*sys.argv[1:])
