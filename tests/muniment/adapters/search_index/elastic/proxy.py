"""A way to a real Elasticsearch: busy as a loaded cluster is, without the load, or one that loses answers."""

import http.client
import json
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import urlsplit

from typing_extensions import override

__all__ = ["BUSY", "BusyWay", "LosingWay"]

BUSY = {"error": {"type": "es_rejected_execution_exception", "reason": "queue is full"}, "status": 429}


class BusyWay:
    """Passes requests on, but for those whose turn it is to be refused.

    `refusals` are answered to the next bulk requests, one each, in place of the server; `busy_items` makes
    the server's next answers to bulks say that every second item was refused, after really refusing it.
    A request whose path begins with one of `unanswered` is passed on once, and its answer lost.
    """

    def __init__(self, server: str) -> None:
        self._server = urlsplit(server)
        self.refusals: deque[tuple[int, dict[str, Any]]] = deque()
        self.busy_items = 0
        self.unanswered: list[str] = []
        self.bulks = 0

    @contextmanager
    def opened(self) -> Iterator[str]:
        """Listen on loopback; yield the address."""
        way = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _pass(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                status, told = way.answer(self.command, self.path, dict(self.headers), body)
                if way.loses(self.path):
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("x-elastic-product", "Elasticsearch")
                self.send_header("content-type", "application/vnd.elasticsearch+json;compatible-with=8")
                self.send_header("content-length", str(len(told)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(told)

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _pass  # noqa: N815 -- names of the base class

            @override
            def log_message(self, format: str, *args: object) -> None:
                return

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            server.daemon_threads = True
            thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
            thread.start()
            try:
                yield f"http://127.0.0.1:{server.server_port}"
            finally:
                server.shutdown()
                thread.join()

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        """Return the status and body to answer with."""
        if "/_bulk" not in path:
            return self._ask(method, path, headers, body)
        self.bulks += 1
        if self.refusals:
            status, told = self.refusals.popleft()
            return status, json.dumps(told).encode()
        if not self.busy_items:
            return self._ask(method, path, headers, body)
        self.busy_items -= 1
        return self._half(method, path, headers, body)

    def loses(self, path: str) -> bool:
        """Say whether the answer to this request is the one that gets lost."""
        found = next((start for start in self.unanswered if path.startswith(start)), None)
        if found is not None:
            self.unanswered.remove(found)
        return found is not None

    def _half(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        """Let every second item through; an item is a line of action and, but for a delete, one of itself."""
        lines = iter(body.splitlines(keepends=True))
        items = [(action, b"" if b'"delete"' in action else next(lines)) for action in lines]
        kept = b"".join(action + document for action, document in items[::2])
        status, told = self._ask(method, path, headers, kept)
        answered = iter(json.loads(told)["items"])
        refused = {"index": {"status": 429, "error": BUSY["error"]}}
        both = [next(answered) if number % 2 == 0 else refused for number in range(len(items))]
        return status, json.dumps({"errors": True, "items": both}).encode()

    def _ask(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(self._server.hostname or "", self._server.port, timeout=60)
        try:
            passed = {name: value for name, value in headers.items() if name.lower() != "content-length"}
            connection.request(method, path, body, passed)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


class LosingWay(BusyWay):
    """Loses the answers of which `lost` says so, by the number of the request, from 1 on, and its path."""

    def __init__(self, server: str) -> None:
        super().__init__(server)
        self._guard = Lock()
        self._lost: Callable[[int, str], bool] = lambda _number, _path: False
        self.requests = 0

    def begin(self, lost: Callable[[int, str], bool]) -> None:
        """Count from 1 again."""
        with self._guard:
            self.requests, self._lost = 0, lost

    @override
    def loses(self, path: str) -> bool:
        with self._guard:
            self.requests += 1
            return self._lost(self.requests, path)
