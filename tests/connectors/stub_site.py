"""A web site of the test's own making: real HTTP on loopback, answers by path."""

import http.server
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from typing_extensions import override


@dataclass
class Said:
    """What the site answers: a piece may be given again and again, without end or drop by drop."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    times: int = 1
    pause: float = 0.0  # seconds after each piece
    pause_in_head: float = 0.0  # seconds after each byte of the headers
    length: int | None = None
    untold: bool = False  # no length: the body ends with the connection


@dataclass
class StubSite:
    """Where the site is, and what it was asked."""

    url: str
    asked: list[tuple[str, dict[str, str]]]


@contextmanager
def stub_site(answer: Callable[[str, int], Said]) -> Iterator[StubSite]:
    """Serve `answer(path, how many requests came before)`."""
    asked: list[tuple[str, dict[str, str]]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        pause_in_head = 0.0

        @override
        def log_message(self, format: str, *args: object) -> None:
            del format, args

        @override
        def flush_headers(self) -> None:
            head: list[bytes] = self._headers_buffer  # type: ignore[attr-defined]
            if self.pause_in_head:
                for byte in b"".join(head):
                    self.wfile.write(bytes((byte,)))
                    time.sleep(self.pause_in_head)
                head.clear()
            super().flush_headers()

        def do_GET(self) -> None:
            asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            said = answer(self.path, len(asked) - 1)
            self.pause_in_head = said.pause_in_head
            self.send_response(said.status)
            for name, value in said.headers.items():
                self.send_header(name, value)
            if said.untold:
                self.send_header("connection", "close")
                self.close_connection = True
            else:
                length = len(said.body) * said.times if said.length is None else said.length
                self.send_header("content-length", str(length))
            try:
                self.end_headers()
                for _ in range(said.times):
                    self.wfile.write(said.body)
                    time.sleep(said.pause)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield StubSite(url=f"http://127.0.0.1:{server.server_port}", asked=asked)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
