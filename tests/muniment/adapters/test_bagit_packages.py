"""A package grows aside, goes on after a kill, and is there only when every file in it was verified."""

from pathlib import Path

import bagit
import pytest

from muniment.adapters.bagit_packages import BagItPackages
from schemas.errors import BadInputError, IntegrityError


def test_a_package_is_a_bag_with_what_was_written_and_no_more(tmp_path: Path) -> None:
    folder, here = tmp_path / "package", Path.cwd()
    with BagItPackages().open(folder) as package:
        package.write("media/aa", [b"one", b"two"])
        package.write("readme.txt", [b"hello"])
        assert not folder.exists()
        digest = package.finish({"Source-Organization": "Anytown"})
    bag = bagit.Bag(str(folder))
    assert bag.is_valid()
    assert set(bag.payload_entries()) == {"data/media/aa", "data/readme.txt"}
    assert bag.info["Source-Organization"] == "Anytown"
    assert BagItPackages().verify(folder) == digest
    with BagItPackages().read(folder, "media/aa") as source:
        assert source.read() == b"onetwo"
    assert [path.name for path in tmp_path.iterdir()] == ["package"]
    assert Path.cwd() == here


def test_what_was_written_before_a_kill_is_not_written_again(tmp_path: Path) -> None:
    folder = tmp_path / "package"
    with BagItPackages().open(folder) as first:
        first.write("a", [b"a"])
        first.write("no longer wanted", [b"b"])
    (tmp_path / "package.partial" / "package" / ".c.growing").write_bytes(b"half")
    with BagItPackages().open(folder) as again:
        assert again.has("a")
        assert not again.has("c")
        again.write("c", [b"c"])
        again.finish({})
    assert set(bagit.Bag(str(folder)).payload_entries()) == {"data/a", "data/c"}


def test_killed_between_checksums_and_name_it_begins_anew(tmp_path: Path) -> None:
    folder = tmp_path / "package"
    with BagItPackages().open(folder) as package:
        package.write("a", [b"a"])
        package.finish({})
    (tmp_path / "package.partial").mkdir()
    folder.rename(tmp_path / "package.partial" / "package")
    with BagItPackages().open(folder) as again:
        assert not again.has("a")


@pytest.mark.parametrize("change", ["altered", "removed", "added"])
def test_whatever_was_changed_in_a_package_is_told(tmp_path: Path, change: str) -> None:
    folder = tmp_path / "package"
    with BagItPackages().open(folder) as package:
        package.write("a", [b"a"])
        package.write("b", [b"b"])
        package.finish({})
    match change:
        case "altered":
            (folder / "data" / "a").write_bytes(b"x")
        case "removed":
            (folder / "data" / "a").unlink()
        case _:
            (folder / "data" / "c").write_bytes(b"c")
    with pytest.raises(IntegrityError):
        BagItPackages().verify(folder)


def test_a_folder_that_is_there_or_that_is_no_package_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError), BagItPackages().open(tmp_path):
        pass
    with pytest.raises(BadInputError):
        BagItPackages().verify(tmp_path)


def test_two_do_not_write_one_package_at_once_and_the_first_is_not_disturbed(tmp_path: Path) -> None:
    folder = tmp_path / "package"
    with BagItPackages().open(folder) as first:
        first.write("a", [b"a"])
        with pytest.raises(BadInputError, match="Another command is writing"), BagItPackages().open(folder):
            pass
        first.finish({})
    assert set(bagit.Bag(str(folder)).payload_entries()) == {"data/a"}
    assert [path.name for path in tmp_path.iterdir()] == ["package"]
