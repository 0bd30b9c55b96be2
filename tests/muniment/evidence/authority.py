"""A real time-stamp authority on loopback: OpenSSL answers RFC 3161 queries with a certificate made here."""

import http.server
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from typing_extensions import override

__all__ = ["authority"]

CONFIG = """
[tsa]
default_tsa = here
[here]
dir = {folder}
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
"""


@contextmanager
def authority(folder: Path) -> Iterator[str]:
    """Serve an authority."""
    config = folder / "tsa.cnf"
    config.write_text(CONFIG.format(folder=folder))
    (folder / "serial").write_text("01\n")
    names = ["-subj", "/CN=Test authority", "-addext", "extendedKeyUsage=critical,timeStamping"]
    keys = ["-newkey", "rsa:2048", "-nodes", "-keyout", f"{folder}/tsa.key", "-out", f"{folder}/tsa.pem"]
    run(["openssl", "req", "-x509", "-days", "2", *keys, *names])

    class Handler(http.server.BaseHTTPRequestHandler):
        @override
        def log_message(self, format: str, *args: object) -> None:
            del format, args

        def do_POST(self) -> None:
            query = folder / "query.tsq"
            query.write_bytes(self.rfile.read(int(self.headers["content-length"])))
            run(
                [
                    "openssl",
                    "ts",
                    "-reply",
                    "-config",
                    f"{config}",
                    "-queryfile",
                    f"{query}",
                    "-out",
                    f"{query}.r",
                ]
            )
            answer = Path(f"{query}.r").read_bytes()
            self.send_response(200)
            self.send_header("content-type", "application/timestamp-reply")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/tsa"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def run(command: list[str]) -> None:
    """Run OpenSSL quietly."""
    subprocess.run(command, check=True, capture_output=True, timeout=200)
