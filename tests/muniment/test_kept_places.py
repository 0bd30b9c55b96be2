"""Whatever way leads to what muniment keeps, it is known there; and nothing else is taken for it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muniment.kept_places import KeptPlaces
from muniment.settings import from_environment

LINKS = {
    "out/to_archive": "../home/archive",
    "out/up": "..",
    "home/exports/back": "..",
    "home/archive/town/away": "../../../out",
    "way/to/home": "../../home",
}
STEPS = ["..", ".", "home", "archive", "town", "exports", "foi", "out", "secrets", "councils", "way", "to"]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("machine").resolve()
    for folder in ("home/archive/town", "home/exports/foi", "home/secrets", "councils", "out/home", "way/to"):
        (root / folder).mkdir(parents=True)
    for link, target in LINKS.items():
        (root / link).symlink_to(target)
    return root


def kept_at(root: Path, **more: str) -> KeptPlaces:
    told = {"MUNIMENT_HOME": str(root / "way" / "to" / "home"), "MUNIMENT_COUNCILS": str(root / "councils")}
    return KeptPlaces.of(from_environment(told | more))


@contextmanager
def opened(folder: Path) -> Iterator[int]:
    found = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        yield found
    finally:
        os.close(found)


@settings(max_examples=400, deadline=None)
@given(steps=st.lists(st.sampled_from([*STEPS, *(Path(one).name for one in LINKS)]), max_size=7))
def test_a_folder_is_kept_by_where_it_is_and_not_by_how_it_is_named(root: Path, steps: list[str]) -> None:
    folder = root.joinpath(*steps)
    if not folder.is_dir():
        return
    whole = folder.resolve()
    home, exports = root / "home", root / "home" / "exports"
    is_kept = whole.is_relative_to(root / "councils") or (
        whole.is_relative_to(home) and not whole.is_relative_to(exports)
    )
    with opened(folder) as found:
        assert kept_at(root).holds(found, "hits.csv") is is_kept


def test_a_register_that_lies_elsewhere_is_kept_with_what_its_database_writes_beside_it(root: Path) -> None:
    kept = kept_at(root, MUNIMENT_DATABASE_URL=f"sqlite:///{root / 'way' / 'Register.sqlite'}")
    with opened(root / "way") as way, opened(root / "out") as out:
        for name in ("Register.sqlite", "Register.sqlite-wal", "register.SQLITE"):
            assert kept.holds(way, name)
            assert not kept.holds(out, name)
        assert not kept.holds(way, "hits.csv")


def test_secrets_and_certificates_that_lie_elsewhere_are_kept(root: Path) -> None:
    (root / "out" / "ca.pem").touch()
    files = {"MUNIMENT_SECRETS": str(root / "way"), "MUNIMENT_CA_FILE": str(root / "out" / "ca.pem")}
    with opened(root / "way" / "to") as way, opened(root / "out") as out:
        assert kept_at(root, **files).holds(way, "x")
        assert kept_at(root, **files).holds(out, "ca.pem")
        assert not kept_at(root, **files).holds(out, "x")


def test_what_is_not_there_yet_keeps_nothing(tmp_path: Path) -> None:
    with opened(tmp_path) as found:
        assert not kept_at(tmp_path).holds(found, "x")
