"""A proxy that opens https with a certificate of its own, before hosts that no resolver knows."""

import datetime as dt
import http.server
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from typing_extensions import override

__all__ = ["Proxy", "proxy_to"]

_NOT_PASSED_ON = frozenset({"connection", "content-encoding", "content-length", "host", "transfer-encoding"})


class Proxy(http.server.ThreadingHTTPServer):
    """Takes CONNECT, shows a certificate of its own authority, and asks the site behind the name."""

    daemon_threads = True

    @override
    def __init__(self, folder: Path, sites: Mapping[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.ca_file = folder / "proxy-ca.pem"
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.sites = sites
        self.asked: list[str] = []
        self.behind = httpx.Client(timeout=60)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(_certificate(folder, self.ca_file, sites))

    @override
    def handle_error(self, request: object, client_address: object) -> None:
        """Stay quiet where a client will not take our certificate."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Proxy

    def do_CONNECT(self) -> None:
        self.host = self.path.partition(":")[0]
        self.server.asked.append(self.requestline)
        self.send_response_only(200, "Connection established")
        self.end_headers()
        self.connection = self.server.context.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)

    def do_GET(self) -> None:
        wanted = {name: value for name, value in self.headers.items() if name.lower() not in _NOT_PASSED_ON}
        found = self.server.behind.get(f"{self.server.sites[self.host]}{self.path}", headers=wanted)
        self.send_response(found.status_code)
        for name, value in found.headers.items():
            if name not in _NOT_PASSED_ON | {"date", "server"}:
                self.send_header(name, value)
        self.send_header("content-length", str(len(found.content)))
        self.end_headers()
        self.wfile.write(found.content)

    @override
    def finish(self) -> None:
        super().finish()
        self.connection.close()  # the tunnel, where one was made: the server closes what lay below it

    @override
    def log_message(self, format: str, *args: object) -> None:
        del format, args


@contextmanager
def proxy_to(folder: Path, sites: Mapping[str, str]) -> Iterator[Proxy]:
    """Serve hosts by what stands behind each: the address that a path is put behind."""
    proxy = Proxy(folder, sites)
    thread = threading.Thread(target=proxy.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.shutdown()
        proxy.server_close()
        proxy.behind.close()
        thread.join()


def _certificate(folder: Path, ca_file: Path, hosts: Mapping[str, str]) -> Path:
    """Make a private authority and, signed by it, a certificate for the hosts; return the server's file."""
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Smalltown Council proxy")])
    ca = _signed(ca_name, ca_name, ca_key, ca_key, x509.BasicConstraints(ca=True, path_length=0))
    ca_file.write_bytes(ca.public_bytes(Encoding.PEM))
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "proxy")])
    names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
    own = _signed(name, ca_name, key, ca_key, names)
    path = folder / "proxy.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + own.public_bytes(Encoding.PEM))
    return path


def _signed(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    by: ec.EllipticCurvePrivateKey,
    extension: x509.ExtensionType,
) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        .sign(by, hashes.SHA256())
    )
