"""Credentials: found where the file says, kept from other users, renewed by one process at a time."""

import json
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from muniment.adapters.council_yaml import CredentialSource
from muniment.adapters.credentials import Credentials
from schemas.errors import BadInputError, CredentialsRejectedError

FILE = CredentialSource(file="x.json")
ENV = CredentialSource(env={"token": "ELM_TOKEN", "key": "ELM_KEY"})
BLOCK = CredentialSource(prefect_block="elm-x")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A secrets folder with one credential in it."""
    folder = tmp_path / "secrets"
    folder.mkdir(mode=0o700)
    keep(folder, '{"refresh_token": "one"}')
    return folder


def keep(folder: Path, text: str, mode: int = 0o600) -> None:
    path = folder / "x.json"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


def test_a_credential_is_found_in_a_file_and_in_the_environment(folder: Path) -> None:
    credentials = Credentials(folder, environment={"ELM_TOKEN": "t", "ELM_KEY": "k"})
    assert credentials.find(FILE) == {"refresh_token": "one"}
    assert credentials.find(ENV) == {"token": "t", "key": "k"}


def test_a_credential_that_is_not_there_pauses_its_account(folder: Path) -> None:
    credentials = Credentials(folder, environment={"ELM_TOKEN": "t"})
    with pytest.raises(CredentialsRejectedError, match="ELM_KEY"):
        credentials.find(ENV)
    with pytest.raises(CredentialsRejectedError, match=r"other\.json"):
        credentials.find(CredentialSource(file="other.json"))
    with pytest.raises(CredentialsRejectedError, match="only a flow"):
        credentials.find(BLOCK)


@pytest.mark.parametrize(("file_mode", "folder_mode"), [(0o640, 0o700), (0o604, 0o700), (0o600, 0o755)])
def test_what_others_may_read_is_refused_with_the_command_that_mends_it(
    folder: Path, file_mode: int, folder_mode: int
) -> None:
    (folder / "x.json").chmod(file_mode)
    folder.chmod(folder_mode)
    with pytest.raises(BadInputError, match="chmod"):
        Credentials(folder).find(FILE)


@pytest.mark.parametrize("text", ["refresh_token=one", '["one"]', '{"refresh_token": 7}', ""])
def test_a_file_of_another_form_is_refused_without_showing_it(folder: Path, text: str) -> None:
    keep(folder, text)
    with pytest.raises(BadInputError) as refused:
        Credentials(folder).find(FILE)
    assert "one" not in str(refused.value)


def test_a_rotated_token_is_on_the_disk_before_it_is_used(folder: Path) -> None:
    used = Credentials(folder).rotate(FILE, lambda _stored: {"refresh_token": "two"})
    assert used == {"refresh_token": "two"}
    assert Credentials(folder).find(FILE) == used
    assert {path.name for path in folder.iterdir()} == {"x.json", ".x.json.lock"}
    assert (folder / "x.json").stat().st_mode & 0o777 == 0o600


def test_a_renewal_that_fails_leaves_the_old_token(folder: Path) -> None:
    def refuse(_stored: Mapping[str, str]) -> Mapping[str, str]:
        raise CredentialsRejectedError("no")

    with pytest.raises(CredentialsRejectedError):
        Credentials(folder).rotate(FILE, refuse)
    assert Credentials(folder).find(FILE) == {"refresh_token": "one"}


def test_two_processes_never_spend_one_refresh_token(folder: Path) -> None:
    spent: list[str] = []

    def renew(stored: Mapping[str, str]) -> Mapping[str, str]:
        spent.append(stored["refresh_token"])
        time.sleep(0.01)
        return {"refresh_token": f"{stored['refresh_token']}+"}

    workers = [threading.Thread(target=Credentials(folder).rotate, args=(FILE, renew)) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(spent) == len(set(spent)) == 8
    assert json.loads((folder / "x.json").read_text(encoding="utf-8")) == {"refresh_token": "one" + "+" * 8}


def test_a_token_that_cannot_be_written_back_is_never_renewed(folder: Path) -> None:
    renewed: list[str] = []

    def renew(_stored: Mapping[str, str]) -> Mapping[str, str]:
        renewed.append("spent")
        return {"token": "two"}

    reading = Credentials(folder, environment={}, read_block=lambda _name: {"token": "one"})
    for source in (ENV, BLOCK):
        with pytest.raises(BadInputError, match=r"(?i)keep the credential|keep this credential"):
            reading.rotate(source, renew)
    assert renewed == []


def test_a_block_is_read_and_written_by_what_the_flow_hands_in(folder: Path) -> None:
    blocks: dict[str, Mapping[str, str]] = {"elm-x": {"token": "one"}}
    credentials = Credentials(folder, read_block=blocks.__getitem__, write_block=blocks.__setitem__)
    assert credentials.find(BLOCK) == {"token": "one"}
    credentials.rotate(BLOCK, lambda _stored: {"token": "two"})
    assert blocks == {"elm-x": {"token": "two"}}
