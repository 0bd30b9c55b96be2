"""A council's network: everything through a proxy that opens https with a certificate of its own."""

import datetime as dt
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.operate.conftest import Office

HOST = "social.smalltown.example"  # a name that no resolver knows: only the proxy leads there


class Proxy:
    """Takes CONNECT, shows a certificate of its own authority, and passes on what it reads."""

    def __init__(self, folder: Path, upstream: str) -> None:
        self.ca_file = folder / "proxy-ca.pem"
        self.asked: list[str] = []
        self._upstream = (urlsplit(upstream).hostname, urlsplit(upstream).port)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(_certificate(folder, self.ca_file))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                head += connection.recv(4096)
            self.asked.append(head.split(b"\r\n")[0].decode())
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            with (
                self._context.wrap_socket(connection, server_side=True) as client,
                socket.create_connection(self._upstream) as server,
            ):
                back = threading.Thread(target=_pass_on, args=(server, client), daemon=True)
                back.start()
                _pass_on(client, server)
                back.join(timeout=5)


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65536):
            target.sendall(piece)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


def _certificate(folder: Path, ca_file: Path) -> Path:
    """Make a private authority and, signed by it, a certificate for HOST; return the server's file."""
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Smalltown Council proxy")])
    ca = _signed(ca_name, ca_name, ca_key, ca_key, x509.BasicConstraints(ca=True, path_length=0))
    ca_file.write_bytes(ca.public_bytes(Encoding.PEM))
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    own = _signed(name, ca_name, key, ca_key, x509.SubjectAlternativeName([x509.DNSName(HOST)]))
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


@contextmanager
def proxy_before(office: Office, folder: Path) -> Iterator[Proxy]:
    """Put the Mastodon account behind a proxy, at an address that only the proxy can reach."""
    address = f"https://{HOST}/mastodon"
    office.stage.fakes["mastodon"].base_url = address

    def only_mastodon(told: dict[str, Any]) -> None:
        told["accounts"] = [one | {"base_url": address} for one in told["accounts"][1:]]

    office.rewrite(only_mastodon)
    proxy = Proxy(folder, office.stage.url)
    try:
        yield proxy
    finally:
        proxy.close()


def test_everything_goes_through_the_proxy_with_the_councils_own_certificate(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with proxy_before(office, tmp_path) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        monkeypatch.setenv("MUNIMENT_CA_FILE", str(proxy.ca_file))
        assert office.run("accounts", "check").code == 0
        ended = office.archive()
    assert ended.code == 0, ended.said
    assert len(office.items("mastodon")) == 10
    assert set(proxy.asked) == {f"CONNECT {HOST}:443 HTTP/1.1"}


def test_a_certificate_that_nobody_named_is_refused_with_the_setting_that_names_it(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with proxy_before(office, tmp_path) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        ended = office.archive()
    assert ended.code == 5
    assert f"The certificate of {HOST} is not one that this machine trusts" in ended.said
    assert "MUNIMENT_CA_FILE" in ended.said
    assert proxy.asked
    assert office.items() == {}


def test_without_the_proxy_the_host_cannot_be_reached(office: Office, tmp_path: Path) -> None:
    with proxy_before(office, tmp_path) as proxy:
        ended = office.archive()
    assert ended.code == 5
    assert not proxy.asked


def test_a_file_without_a_certificate_is_refused_by_name(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = tmp_path / "empty.pem"
    empty.touch()
    monkeypatch.setenv("MUNIMENT_CA_FILE", str(empty))
    ended = office.run("accounts", "check")
    assert ended.code == 2
    assert "which holds no certificate" in ended.said
