"""A file is made in the folder that was looked at, and touches nothing that a link in it leads to."""

import os
import stat
from pathlib import Path

import pytest

from muniment.outgoing import open_private, opened_folder, refuse_others, workplace
from schemas.errors import BadInputError


def anyone(_opened: int) -> None:
    """Admit every folder."""


def of_another_login(tmp_path: Path) -> Path:
    """Return a file that is not ours."""
    if os.geteuid() != 0:
        return Path("/etc/passwd")
    path = tmp_path / "theirs.csv"
    path.write_text("theirs")
    os.chown(path, 65534, -1)
    return path


def test_a_folder_that_is_exchanged_for_a_link_is_written_to_where_it_was(tmp_path: Path) -> None:
    out, kept = tmp_path / "out", tmp_path / "kept"
    for folder in (out, kept):
        folder.mkdir()
    with opened_folder(out, anyone) as place:
        out.rename(tmp_path / "moved")
        out.symlink_to(kept)
        with open_private(place / "hits.csv") as into:
            into.write(b"hits")
    assert list(kept.iterdir()) == []
    assert (tmp_path / "moved" / "hits.csv").read_bytes() == b"hits"


@pytest.mark.parametrize("make", [Path.symlink_to, Path.hardlink_to])
def test_a_link_that_lies_in_the_way_is_replaced_and_what_it_leads_to_stays(
    tmp_path: Path, make: object
) -> None:
    register = tmp_path / "register.sqlite"
    register.write_bytes(b"records")
    assert callable(make)
    make(tmp_path / ".hits.csv.part", register)
    with open_private(tmp_path / ".hits.csv.part") as into:
        into.write(b"hits")
    assert register.read_bytes() == b"records"


def test_what_another_login_made_is_not_replaced(tmp_path: Path) -> None:
    path = of_another_login(tmp_path)
    for refused in (refuse_others, open_private):
        with pytest.raises(BadInputError, match="belongs to another login"):
            refused(path)
    assert path.read_bytes()


def test_an_error_names_the_folder_as_it_was_given(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as told, opened_folder(tmp_path, anyone) as place:
        (place / "nowhere" / "x").write_bytes(b"")
    assert told.value.filename == str(tmp_path / "nowhere" / "x")


def test_no_folder_is_made_where_none_may_be(tmp_path: Path) -> None:
    def nobody(_opened: int) -> None:
        raise BadInputError("kept")

    with pytest.raises(BadInputError), opened_folder(tmp_path / "a" / "b", nobody, make=True):
        pass
    assert list(tmp_path.iterdir()) == []
    with opened_folder(tmp_path / "a" / "b", anyone, make=True) as place:
        assert place.samefile(tmp_path / "a" / "b")


def test_a_workplace_is_no_link_and_takes_one_process_at_a_time(tmp_path: Path) -> None:
    kept, parts = tmp_path / "kept", tmp_path / "hits.csv.parts"
    kept.mkdir()
    parts.symlink_to(kept)
    with pytest.raises(NotADirectoryError), workplace(parts):
        pass
    assert list(kept.iterdir()) == []
    parts.unlink()
    with workplace(parts) as place:
        (place / "000000.csv").write_bytes(b"part")
        with pytest.raises(BadInputError, match="Another command is writing"), workplace(parts):
            pass
    with workplace(parts) as place:
        assert (place / "000000.csv").read_bytes() == b"part"


def test_only_the_owner_reads_a_file_but_in_a_shared_folder_its_group_does(tmp_path: Path) -> None:
    for mode, expected in ((0o700, 0o600), (0o2750, 0o640)):
        folder = tmp_path / f"{mode:o}"
        folder.mkdir()
        folder.chmod(mode)
        with open_private(folder / "x"):
            assert stat.S_IMODE((folder / "x").stat().st_mode) == expected
        with opened_folder(folder / "proof", anyone, make=True), open_private(folder / "proof" / "x"):
            assert stat.S_IMODE((folder / "proof" / "x").stat().st_mode) == expected
            assert stat.S_IMODE((folder / "proof").stat().st_mode) & 0o777 == mode & 0o777
