"""The restore drill of docs/operate/backup.md, by the very commands that stand there."""

import getpass
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.operate.conftest import Office

PAGE = Path(__file__).parents[2] / "docs" / "operate" / "backup.md"
BLOCKS = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
BACK_UP, BACK_UP_KEYS, RESTORE, FILTER, AFTERWARDS = BLOCKS
FIRST_MANAGER = ("people", "add", getpass.getuser(), "--role", "information-manager", "--reason", "on paper")


class Machine:
    """The machine that is backed up, lost, and set up again."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.backup = office.stage.home.parent / "backup"

    def do(self, commands: str) -> None:
        more = {"BACKUP": str(self.backup), "BACKUP_OF_KEYS": str(self.backup) + ".keys.tar"}
        environment = {**self.office.stage.environment(), **more}
        subprocess.run(["bash", "-c", commands], env=environment, check=True, timeout=200)  # noqa: S607

    def back_up(self) -> None:
        self.do(BACK_UP)
        self.do(BACK_UP_KEYS)

    def burn_down(self) -> None:
        shutil.rmtree(self.office.stage.home)
        shutil.rmtree(self.office.stage.councils)


@pytest.fixture
def machine(office: Office) -> Machine:
    return Machine(office)


def register_alone(commands: str) -> str:
    """Return the part of a block that is about the register: up to the loop that packs the archives."""
    return commands[: commands.rindex("for council")]


def archives_alone(commands: str) -> str:
    return "set -eu\numask 077\n" + commands[commands.rindex("for council") :]


def test_after_a_restore_nothing_is_lost_and_nothing_doubled(office: Office, machine: Machine) -> None:
    world = office.stage.world
    facebook = world.accounts("facebook", owned=True)[0]
    first, second, third = world.posts_of(facebook)[:3]
    assert office.archive().code == 0
    world.edit(first, text="Notice: bins on Tuesday")
    assert office.archive().code == 0

    machine.back_up()
    backed_up = office.items()

    world.edit(second, text="Notice: bins on Friday")
    world.delete(third)
    world.post(facebook, "Said after the backup")
    assert office.archive().code == 0
    machine.burn_down()

    machine.do(RESTORE)
    commands = [line.split()[1:] for line in AFTERWARDS.splitlines()]
    assert commands == [["verify"], ["reindex", "--whole"], ["archive"]]
    assert office.run("verify").said.startswith("Unaltered")
    assert office.items() == backed_up
    for command in commands:
        assert office.run(*command).code == 0
    for _ in range(4):  # a deletion is told from evidence over more than a day
        world.clock.wait(13 * 3600)
        assert office.archive().code == 0

    after = office.items()
    assert set(backed_up) < set(after)
    assert len(after) == len(backed_up) + 1
    texts = [version["text"] for item in after.values() for version in item["versions"]]
    assert len(texts) == len(set(texts)) + 10  # each platform's five notices and questions are worded alike
    assert {"Notice: bins on Tuesday", "Notice: bins on Friday", "Said after the backup"} < set(texts)
    gone = next(item for item in after.values() if item["native_id"].endswith(third.native_id))
    assert gone["states"][-1]["state"] == "gone"
    assert office.run("verify").code == 0
    assert "Said after the backup" in office.run("search", '"after the backup"').said


def test_a_register_newer_than_its_archive_is_refused_and_nothing_is_written(
    office: Office, machine: Machine
) -> None:
    assert office.archive().code == 0
    machine.backup.mkdir()
    machine.do(archives_alone(BACK_UP))
    office.stage.world.post(office.stage.world.accounts("facebook", owned=True)[0], "Said meanwhile")
    assert office.archive().code == 0
    shutil.rmtree(office.archive_folder)
    machine.do(f'tar -C "{office.archive_folder.parent}" -xpf "$BACKUP/archive-smalltown.tar"')
    before = sorted(office.archive_folder.rglob("*.parquet"))
    refused = office.archive()
    assert refused.code == 4
    assert "but the archive ends at" in refused.said
    assert office.run("verify").code == 4
    assert sorted(office.archive_folder.rglob("*.parquet")) == before


def test_a_register_older_than_the_last_seal_is_refused_until_a_person_answers_for_it(
    office: Office, machine: Machine
) -> None:
    assert office.archive().code == 0
    machine.backup.mkdir()
    machine.do(register_alone(BACK_UP))
    office.stage.world.post(office.stage.world.accounts("facebook", owned=True)[0], "Said meanwhile")
    assert office.archive().code == 0
    for path in office.stage.home.glob("register.sqlite*"):
        path.unlink()
    shutil.copy(machine.backup / "register.sqlite", office.stage.home / "register.sqlite")
    before = sorted(office.archive_folder.rglob("*.parquet"))
    refused = office.archive()
    assert refused.code == 4
    assert "The register is older than seal" in refused.said
    assert sorted(office.archive_folder.rglob("*.parquet")) == before
    told = office.run("verify")
    assert told.code == 4
    assert "audit entries that it covers are missing" in told.said
    adopt = ("store", "adopt-register", "--reason", "none is left")
    assert office.run(*adopt).code == 3
    assert office.run(*FIRST_MANAGER).code == 0
    assert office.run(*adopt).code == 0
    assert office.archive().code == 0
    assert office.run("verify").said.startswith("Unaltered")
    assert "none is left" in office.run("audit", "--what", "restart").said
    assert office.run("store", "adopt-register", "--reason", "once more").code == 2


def test_without_its_key_an_archive_is_not_called_unaltered(office: Office, machine: Machine) -> None:
    assert office.archive().code == 0
    machine.back_up()
    (office.stage.home / "secrets" / "seal.pem").unlink()
    told = office.run("verify")
    assert told.code == 4
    assert "was signed with another key than ours" in told.said


def test_a_lost_register_is_made_anew_from_the_archive(office: Office) -> None:
    assert office.archive().code == 0
    before = office.items()
    for path in office.stage.home.glob("register.sqlite*"):
        path.unlink()
    assert office.archive().code == 4
    assert "Nobody has a role yet" in office.run("people", "list").said
    assert office.run(*FIRST_MANAGER).code == 0
    assert office.run("store", "adopt-register", "--reason", " ").code == 2
    assert office.run("store", "adopt-register", "--reason", "there is no backup").code == 0
    assert office.archive().code == 0
    assert office.items() == before
    assert office.run("verify").code == 0
