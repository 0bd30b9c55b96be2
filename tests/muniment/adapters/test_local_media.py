"""Media: named by their digest, streamed, and swept only when their owner is dead."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from muniment.adapters.files import LocalFiles
from muniment.adapters.local_media import LocalMediaStore
from schemas.errors import IntegrityError


@pytest.fixture
def store(tmp_path: Path) -> LocalMediaStore:
    return LocalMediaStore(tmp_path, LocalFiles())


def bring(store: LocalMediaStore, content: bytes) -> tuple[str, bytes]:
    with store.incoming() as incoming:
        incoming.file().write(content)
    return incoming.name, incoming.digest()


def waiting(root: Path) -> list[Path]:
    return [path for path in root.glob("incoming/*/*") if path.name != "alive"]


def test_an_object_is_named_by_the_digest_of_its_bytes(store: LocalMediaStore, tmp_path: Path) -> None:
    name, digest = bring(store, b"picture")

    store.place(name, digest)
    store.discard(name)

    assert digest == hashlib.sha256(b"picture").digest()
    assert list(store.names()) == [(digest, 7)]
    with store.open(digest) as file:
        assert file.read() == b"picture"
    assert (tmp_path / "objects" / digest.hex()[:2] / digest.hex()).exists()
    assert waiting(tmp_path) == []


def test_placing_twice_is_placing_once(store: LocalMediaStore) -> None:
    name, digest = bring(store, b"picture")
    again, _ = bring(store, b"picture")

    for one in (name, name, again):
        store.place(one, digest)

    assert list(store.names()) == [(digest, 7)]


def test_what_is_neither_waiting_nor_in_its_place_is_an_error(store: LocalMediaStore) -> None:
    name, digest = bring(store, b"picture")
    store.discard(name)

    with pytest.raises(IntegrityError):
        store.place(name, digest)


def test_a_download_that_fails_leaves_nothing(store: LocalMediaStore, tmp_path: Path) -> None:
    def download() -> None:
        with store.incoming() as incoming:
            incoming.file().write(b"half")
            raise ConnectionError

    with pytest.raises(ConnectionError):
        download()

    assert waiting(tmp_path) == []


def test_a_download_that_is_not_wanted_leaves_nothing(store: LocalMediaStore, tmp_path: Path) -> None:
    with store.incoming() as incoming:
        incoming.file().write(b"a login page")
        incoming.discard()

    assert waiting(tmp_path) == []


def test_the_sweep_spares_what_a_living_process_receives(store: LocalMediaStore, tmp_path: Path) -> None:
    bring(store, b"picture")

    assert LocalMediaStore(tmp_path, LocalFiles()).sweep() == 0
    assert len(waiting(tmp_path)) == 1


_DYING = """
import os, sys
from pathlib import Path
from muniment.adapters.files import LocalFiles
from muniment.adapters.local_media import LocalMediaStore
with LocalMediaStore(Path(sys.argv[1]), LocalFiles()).incoming() as incoming:
    incoming.file().write(b"personal data")
    incoming.file().flush()
    os.kill(os.getpid(), 9)
"""


def test_the_sweep_takes_away_what_a_killed_process_was_receiving(
    store: LocalMediaStore, tmp_path: Path
) -> None:
    subprocess.run([sys.executable, "-c", _DYING, str(tmp_path)], check=False, cwd=Path.cwd())
    assert len(waiting(tmp_path)) == 1

    assert store.sweep() == 1
    assert list((tmp_path / "incoming").iterdir()) == []


def test_a_removed_object_is_gone_and_removing_it_again_is_no_error(store: LocalMediaStore) -> None:
    name, digest = bring(store, b"picture")
    store.place(name, digest)
    store.discard(name)

    store.remove(digest)
    store.remove(digest)

    assert list(store.names()) == []


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/../b", "a/b/c", "nothing", "/x"])
def test_a_name_that_the_store_did_not_give_leads_nowhere(store: LocalMediaStore, name: str) -> None:
    with pytest.raises(IntegrityError):
        store.place(name, bytes(32))


def test_the_folder_of_a_process_is_marked_by_its_pid(store: LocalMediaStore) -> None:
    name, _ = bring(store, b"picture")

    assert name.startswith(f"{os.getpid()}-")
