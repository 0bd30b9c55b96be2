"""A slip of an S3 server that passes by itself fails nothing; one that stays is told."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO

import pytest
from typing_extensions import override

from muniment.adapters.s3.bucket import Bucket
from schemas.errors import StorageError

_SLIP = (
    b"<Error><Code>ExistingObjectIsDirectory</Code><Message>Existing Object is a directory.</Message></Error>"
)


class SlippingServer(ThreadingHTTPServer):
    """Takes a PUT after some that it refuses."""

    slips = 0
    bodies: list[bytes]


class Slipping(BaseHTTPRequestHandler):
    server: SlippingServer
    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        self.server.bodies.append(self.rfile.read(int(self.headers["content-length"])))
        self.server.slips -= 1
        self.send_response(200 if self.server.slips < 0 else 409)
        self.send_header("etag", '"1"')
        body = b"" if self.server.slips < 0 else _SLIP
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    @override
    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlippingServer]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    with SlippingServer(("127.0.0.1", 0), Slipping) as running:
        running.bodies = []
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


@pytest.fixture
def bucket(server: SlippingServer) -> Bucket:
    return Bucket("council", endpoint=f"http://127.0.0.1:{server.server_port}")


def test_a_folder_that_is_taken_away_by_a_deletion_fails_no_writer(
    server: SlippingServer, bucket: Bucket
) -> None:
    server.slips = 3
    assert bucket.put("a/b", BytesIO(b"1234"), sha256=bytes(32)).etag == '"1"'
    assert server.bodies == [b"1234"] * 4


def test_a_slip_that_stays_is_told(server: SlippingServer, bucket: Bucket) -> None:
    server.slips = 100
    with pytest.raises(StorageError, match="ExistingObjectIsDirectory"):
        bucket.put("a/b", b"1234")
    assert len(server.bodies) == 5
