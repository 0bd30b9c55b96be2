"""A generation of an index that nobody uses any more goes, whatever its last readers do in its folder."""

import threading
from contextlib import suppress
from pathlib import Path

from muniment.adapters.generations import keep_only, others


def test_a_generation_goes_though_a_reader_makes_its_lock_in_it(tmp_path: Path) -> None:
    old = tmp_path / "gen-1"
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            with suppress(FileNotFoundError):
                (old / ".lock").touch()
                (old / ".lock").unlink()

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for _ in range(20):
            old.mkdir()
            for number in range(20):
                (old / f"{number}.term").touch()
            keep_only(tmp_path, "gen-2")
            assert others(tmp_path, "gen-2") == []
    finally:
        done.set()
        reader.join()
