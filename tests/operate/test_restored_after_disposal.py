"""A restored backup never brings destroyed records back, whichever half of it is older than the disposal."""

import json
import shlex
import shutil
from pathlib import Path

import pyarrow as pa
import pytest

from muniment.bootstrap.opening import open_muniment
from muniment.cli.exits import exit_code
from muniment.settings import from_environment
from schemas.errors import IntegrityError
from tests.operate.conftest import Office
from tests.operate.test_disposal import Desk
from tests.operate.test_restore_drill import FILTER, RESTORE, Machine
from tests.operate.test_retention import signed

REFUSED = exit_code(IntegrityError("said"))
DRILL = ("--reason", "the drill")


class Disposal:
    """A town of which a backup was made, and then half of what it held was destroyed."""

    def __init__(self, office: Office, desk: Desk, tmp_path: Path) -> None:
        self.office = office
        self.desk = desk
        self.machine = Machine(office)
        self.stubs = tmp_path / "stubs.signed"
        assert office.archive().code == 0
        adopted = desk.says("ivy", "schedule", "adopt", "--yes", str(signed(tmp_path / "signed.yml")))
        assert adopted.code == 0
        desk.wait(days=4 * 365)
        self.before = office.items()
        self.machine.back_up()
        self.run = desk.says("ann", "dispose", "propose").said.split("The list of ")[1].split(" ")[0]
        listed = tmp_path / "items.csv"
        assert desk.says("ben", "dispose", "list", self.run, "--csv", str(listed)).code == 0
        self.doomed = [line.split(",")[0] for line in listed.read_text(encoding="utf-8").splitlines()[1:]]
        assert desk.says("ben", "dispose", "send-on", self.run).code == 0
        for person in ("ben", "ivy"):
            assert desk.says(person, "dispose", "approve", self.run).code == 0
        desk.wait(days=8)
        assert "Certificate 1 is issued" in desk.says("ivy", "dispose", "run").said
        self.after = office.items()
        self.words = [
            version["text"]
            for name in self.before.keys() - self.after.keys()
            for version in self.before[name]["versions"]
        ]

    def restore_the_archive_alone(self) -> None:
        shutil.rmtree(self.office.archive_folder)
        folder = self.office.archive_folder.parent
        self.machine.do(f'tar -C "{folder}" -xpf "$BACKUP/archive-smalltown.tar"')

    def restore_everything(self) -> None:
        """Restore the backup, and the secrets as they are today: they hold the keys of the stubs."""
        secrets = self.office.stage.home.parent / "today"
        shutil.copytree(self.office.stage.home / "secrets", secrets)
        self.machine.burn_down()
        self.machine.do(RESTORE)
        shutil.rmtree(self.office.stage.home / "secrets")
        shutil.move(secrets, self.office.stage.home / "secrets")

    def found(self) -> bool:
        """Return whether a search for words that only destroyed records held finds one of them."""
        kept = {version["text"] for item in self.after.values() for version in item["versions"]}
        only_theirs = sorted(set(self.words) - kept)
        assert only_theirs
        said = [self.desk.says("ann", "search", json.dumps(text)).said for text in only_theirs[:3]]
        return any(record_id in one for one in said for record_id in self.doomed)

    def nothing_came_back(self) -> None:
        for record_id in self.doomed[:3]:
            assert "was destroyed" in self.desk.says("ann", "show", record_id).said
            assert "was destroyed" in self.desk.says("ann", "proof", record_id).said
            why = self.desk.says("ann", "why", record_id).said
            assert "was destroyed on" in why
            assert f"Run {self.run}, certificate 1" in why
        assert not self.found()
        assert (self.office.archive_folder / "certificates" / "000001.json").is_file()
        with open_muniment(from_environment()) as muniment:
            services = muniment.council()
            named = {
                one
                for batch in services.archive.scan(columns=["record_id"])
                for one in batch["record_id"].to_pylist()
            }
            assert not named & set(self.doomed)
            assert not muniment.register.mentions(services.name, self.doomed)
        reconciled = self.desk.says("ann", "index", "reconcile")
        assert reconciled.code == 0, reconciled.said

    def the_rest_stands(self) -> None:
        assert self.office.items().keys() == self.after.keys()
        told = self.desk.says("ivy", "verify")
        assert told.said.startswith("Unaltered"), told.said
        proof = self.office.stage.home.parent / "proof"
        with open_muniment(from_environment()) as muniment:
            ids = {
                one
                for batch in muniment.council().archive.scan(series=["own"], columns=["record_id"])
                for one in batch["record_id"].to_pylist()
            }
        assert self.desk.says("ann", "proof", min(ids), "--to", str(proof)).code == 0


@pytest.fixture
def disposal(office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disposal:
    return Disposal(office, Desk(office, monkeypatch), tmp_path)


def test_an_archive_older_than_its_register_is_read_by_nobody_until_it_is_filtered(
    disposal: Disposal,
) -> None:
    office, desk = disposal.office, disposal.desk
    facebook = office.stage.world.accounts("facebook", owned=True)[0]
    office.stage.world.post(facebook, "Said after the backup")
    assert office.archive().code == 0
    assert "Said after the backup" in desk.says("ann", "search", '"after the backup"').said

    disposal.restore_the_archive_alone()

    reading: list[tuple[str, ...]] = [
        ("search", "bins"),
        ("show", disposal.doomed[0]),
        ("proof", disposal.doomed[0]),
    ]
    reading += [("export", str(disposal.stubs)), ("dispose", "propose"), ("reindex",), ("archive", "--yes")]
    for words in reading:
        refused = desk.says("ann", *words)
        assert refused.code == REFUSED, words
        assert "muniment store filter-restored" in refused.said
    assert desk.says("ivy", "verify").code == REFUSED

    done = desk.says("ivy", "store", "filter-restored", *DRILL)

    assert done.code == 0, done.said
    assert f": {len(disposal.doomed):,} records. The archive may be read." in done.said
    assert "lacks" in done.said
    disposal.nothing_came_back()
    disposal.the_rest_stands()
    assert office.archive().code == 0
    assert office.archive().code == 0
    assert "Said after the backup" in desk.says("ann", "search", '"after the backup"').said
    disposal.nothing_came_back()
    assert desk.says("ivy", "verify").code == 0
    audit = desk.says("ivy", "audit", "--what", "restored").said
    assert "the drill" in audit
    assert disposal.doomed[0] not in audit


def test_a_whole_backup_older_than_a_disposal_is_filtered_by_the_stubs_kept_apart(
    disposal: Disposal,
) -> None:
    office, desk = disposal.office, disposal.desk
    written = desk.says("ann", "dispose", "stubs", "--to", str(disposal.stubs))
    assert written.code == 0, written.said
    raw = disposal.stubs.read_bytes()
    assert not any(record_id.encode() in raw for record_id in disposal.doomed)
    with_stubs = shlex.split(FILTER.replace("$STUBS", str(disposal.stubs)))[1:]

    disposal.restore_everything()
    assert desk.says("ann", "reindex", "--whole").code == 0
    assert disposal.found()  # nothing in the backup tells of the disposal
    for not_ours, code in (
        (b"no stubs", 2),
        (raw.replace(b'"council":"smalltown"', b'"council":"larketown"'), 2),
        (raw.replace(b'"kind":"schedule"', b'"kind":"schedulf"'), REFUSED),
    ):
        disposal.stubs.write_bytes(not_ours)
        assert desk.says("ivy", *with_stubs).code == code
    assert office.items().keys() == disposal.before.keys()
    disposal.stubs.write_bytes(raw)

    done = desk.says("ivy", *with_stubs)

    assert done.code == 0, done.said
    assert f": {len(disposal.doomed):,} records. The archive may be read." in done.said
    disposal.nothing_came_back()
    disposal.the_rest_stands()
    assert "its signature holds" in desk.says("ann", "dispose", "certificate", disposal.run).said
    again = desk.says("ivy", *with_stubs)
    assert "0 stubs were new" in again.said
    assert ": 0 records. The archive may be read." in again.said
    assert office.archive().code == 0
    disposal.nothing_came_back()
    disposal.the_rest_stands()


def test_what_is_interrupted_stays_shut_and_is_done_again(disposal: Disposal) -> None:
    desk = disposal.desk
    assert desk.says("ivy", "store", "filter-restored", "--reason", " ").code == 2
    disposal.restore_the_archive_alone()
    with open_muniment(from_environment()) as muniment:
        services = muniment.council()
        ended = muniment.register.watermark(services.name)
        number = muniment.register.shut(services.name, archive_commit=services.archive.commit_no())
        assert number > ended
        doomed = pa.array(disposal.doomed, pa.string())
        services.archive.erase("restored-and-killed", doomed, number=number)
    assert desk.says("ann", "search", "bins").code == REFUSED
    assert desk.says("ivy", "store", "filter-restored", *DRILL).code == 0
    disposal.nothing_came_back()
    disposal.the_rest_stands()
