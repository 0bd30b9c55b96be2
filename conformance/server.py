"""One threading HTTP server on 127.0.0.1 that mounts any number of fakes, each under its own path prefix.

    with serve(world, [XFake(world), FacebookFake(world)]) as site:
        site.url_of("x")        # http://127.0.0.1:41234/x

Beside the fakes it serves the clock and the controls (`Site.control` lists them), so that an archiver in
another process, or written in another language, can be tested too.
"""

from __future__ import annotations

import gzip
import http.server
import socket
import threading
import time
from contextlib import contextmanager
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any, cast

from typing_extensions import override

from conformance.clock import from_iso, iso
from conformance.knobs import Knobs, set_knobs
from conformance.wire import Reply, Request, Stream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.fake import Fake
    from conformance.world import World

__all__ = ["Site", "serve"]

GZIP_FROM_BYTES = 500
TEXT = {"content-type": "application/x-ndjson; charset=utf-8"}


class Site:
    """A running server. `url` is its root, `url_of(name)` the base URL of a fake."""

    def __init__(self, world: World, fakes: Iterable[Fake], port: int = 0) -> None:
        self.world = world
        self.fakes: dict[str, Fake] = {}
        self.about: dict[str, Any] = {}
        self._server = _Server(self, port)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        for fake in fakes:
            self.mount(fake)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def mount(self, fake: Fake) -> Fake:
        """Put a fake under its name and tell it its base URL."""
        if fake.name in self.fakes or fake.name in ("clock", "control"):
            raise ValueError(f"the name {fake.name} is taken")
        fake.base_url = f"{self.url}/{fake.name}"
        self.fakes[fake.name] = fake
        return fake

    def url_of(self, name: str) -> str:
        """Return the base URL of a fake, without a trailing slash."""
        return self.fakes[name].base_url

    def served(self) -> Iterator[str]:
        """Yield the served logs of all fakes as JSON Lines."""
        for fake in self.fakes.values():
            yield from fake.journal.lines()

    def close(self) -> None:
        """Stop, and end every connection that is still open."""
        self._server.shutdown()
        self._server.server_close()
        self._server.hang_up()
        self._thread.join()

    def answer(
        self, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> tuple[Reply, Fake | None]:
        """Answer one request: of a fake, of the clock or of the controls."""
        head, _, rest = target.lstrip("/").partition("/")
        name, mark, query = head.partition("?")
        fake = self.fakes.get(name)
        if fake is not None:
            return fake.answer(Request.of(method, f"/{rest}{mark}{query}", headers, body)), fake
        request = Request.of(method, target, headers, body)
        if request.path.startswith("/clock"):
            return self._clock(request), None
        if request.path.startswith("/control"):
            return self.control(request), None
        return Reply(
            status=404, body={"error": "nothing is mounted here", "mounted": sorted(self.fakes)}
        ), None

    def _clock(self, request: Request) -> Reply:
        if request.method == "POST":
            wanted = request.json()
            try:
                if "wait" in wanted:
                    self.world.clock.wait(float(wanted["wait"]))
                else:
                    self.world.clock.to(from_iso(wanted["to"]))
            except (KeyError, TypeError, ValueError) as error:
                return Reply(
                    status=400, body={"error": f'send {{"wait": seconds}} or {{"to": instant}}: {error}'}
                )
        return Reply(body={"now": iso(self.world.now)})

    def control(self, request: Request) -> Reply:
        """Answer a control route.

        `GET /control` lists the fakes, `/control/about` tells of the sandbox; `GET /control/truth` and
        `/control/served` are JSON Lines for the scorer; `POST /control/{fake}/knobs` sets switches, `DELETE`
        resets them all; `GET /control/{fake}/calls` counts calls by endpoint, `/control/{fake}/requests` is
        the request log.
        """
        match request.method, request.parts[1:]:
            case "GET", []:
                return Reply(body={"fakes": {name: fake.base_url for name, fake in self.fakes.items()}})
            case "GET", ["about"]:
                return Reply(body=self.about)
            case "GET", ["truth"]:
                return Reply(headers=dict(TEXT), body="".join(f"{line}\n" for line in self.world.truth()))
            case "GET", ["served"]:
                return Reply(headers=dict(TEXT), body="".join(f"{line}\n" for line in self.served()))
            case method, [name, what] if name in self.fakes:
                return _control_fake(self.fakes[name], method, what, request)
            case _:
                return Reply(status=404, body={"error": "no such control"})


def _control_fake(fake: Fake, method: str, what: str, request: Request) -> Reply:
    match method, what:
        case "POST", "knobs":
            try:
                set_knobs(fake.knobs, request.json() or {})
            except (TypeError, ValueError) as error:
                return Reply(status=400, body={"error": str(error)})
            return Reply(body={"set": True})
        case "DELETE", "knobs":
            fake.knobs = Knobs()
            return Reply(body={"set": False})
        case "GET", "calls":
            return Reply(body=dict(fake.journal.calls))
        case "GET", "requests":
            told = [
                {
                    "number": r.number,
                    "at": iso(r.at),
                    "method": r.method,
                    "path": r.path,
                    "query": r.query,
                    "endpoint": r.endpoint,
                    "status": r.status,
                }
                for r in fake.journal.requests
            ]
            return Reply(body={"requests": told})
        case _:
            return Reply(status=404, body={"error": "no such control"})


@contextmanager
def serve(world: World, fakes: Iterable[Fake] = (), *, port: int = 0) -> Iterator[Site]:
    """Run a site for the time of a `with` block. Port 0 takes any free one."""
    site = Site(world, fakes, port)
    try:
        yield site
    finally:
        site.close()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, site: Site, port: int) -> None:
        self.site = site
        self._open: set[socket.socket] = set()
        self._workers: set[threading.Thread] = set()
        super().__init__(("127.0.0.1", port), _Handler)

    @override
    def process_request_thread(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: object
    ) -> None:
        connection = cast("socket.socket", request)
        self._open.add(connection)
        self._workers.add(threading.current_thread())
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._open.discard(connection)
            self._workers.discard(threading.current_thread())

    @override
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away in mid-reply is its own affair; anything else is a defect of a fake."""

    def hang_up(self) -> None:
        for connection in tuple(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        for worker in tuple(self._workers):
            worker.join(timeout=2)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body are two writes: 44.5 ms a request with Nagle's algorithm, 0.9 ms without (measured).
    disable_nagle_algorithm = True
    server: _Server

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Stay quiet: the journal holds what was asked."""

    def _do(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length) if length else b""
        try:
            reply, fake = self.server.site.answer(self.command, self.path, dict(self.headers), body)
        except Exception as error:  # noqa: BLE001 - a defect of a fake must reach the test as an answer
            reply, fake = Reply(status=500, body={"fake broke": f"{type(error).__name__}: {error}"}), None
        try:
            self._send(reply, fake)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _send(self, reply: Reply, fake: Fake | None) -> None:
        body = reply.encoded()
        if isinstance(body, bytes):
            body = self._compressed(reply, body, fake)
            reply.headers["content-length"] = str(len(body))
        elif body.length is not None:
            reply.headers["content-length"] = str(body.length)
        else:
            reply.headers["transfer-encoding"] = "chunked"
        moment = self.server.site.world.now if fake is None else fake.server_now
        self.send_response_only(reply.status)
        self.send_header("date", format_datetime(moment, usegmt=True))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if reply.delay:
            time.sleep(reply.delay)
        if self.command == "HEAD":
            return
        if isinstance(body, bytes):
            self.wfile.write(body)
        else:
            self._stream(body)

    def _compressed(self, reply: Reply, body: bytes, fake: Fake | None) -> bytes:
        takes = "gzip" in self.headers.get("accept-encoding", "")
        if fake is None or not fake.knobs.gzip or not takes or len(body) < GZIP_FROM_BYTES:
            return body
        reply.headers["content-encoding"] = "gzip"
        return gzip.compress(body, 1)

    def _stream(self, body: Stream) -> None:
        for chunk in body.chunks:
            self.wfile.write(chunk if body.length is not None else b"%x\r\n%b\r\n" % (len(chunk), chunk))
        if body.length is None:
            self.wfile.write(b"0\r\n\r\n")

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _do  # noqa: N815 - the names http.server looks for
