"""A council's network: everything through a proxy that opens https with a certificate of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.operate.conftest import Office
from tests.operate.proxy import Proxy, proxy_to

HOST = "social.smalltown.example"  # a name that no resolver knows: only the proxy leads there


@contextmanager
def proxy_before(office: Office, folder: Path) -> Iterator[Proxy]:
    """Put the Mastodon account behind a proxy, at an address that only the proxy can reach."""
    address = f"https://{HOST}/mastodon"
    office.stage.fakes["mastodon"].base_url = address

    def only_mastodon(told: dict[str, Any]) -> None:
        told["accounts"] = [one | {"base_url": address} for one in told["accounts"][1:]]

    office.rewrite(only_mastodon)
    with proxy_to(folder, {HOST: office.stage.url}) as proxy:
        yield proxy


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
