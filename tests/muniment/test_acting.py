"""Who acts is who signed in to the machine, whatever user they run muniment as, whatever name they tell."""

import pytest

from muniment.cli.acting import acting
from muniment.domain.people import Actor
from muniment.settings import from_environment


@pytest.fixture(autouse=True)
def _service(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody runs muniment as the user that owns the archive."""
    monkeypatch.setenv("LOGNAME", "muniment")
    monkeypatch.delenv("SUDO_USER", raising=False)


def test_behind_sudo_it_is_who_called_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "j.smith")
    assert acting(from_environment({})) == Actor(name="j.smith")


def test_a_name_that_is_told_never_hides_the_login(monkeypatch: pytest.MonkeyPatch) -> None:
    assert acting(from_environment({"MUNIMENT_ACTOR": "ann"})) == Actor(name="ann", login="muniment")
    monkeypatch.setenv("SUDO_USER", "j.smith")
    assert acting(from_environment({"MUNIMENT_ACTOR": "ann"})) == Actor(name="ann", login="j.smith")


def test_without_sudo_it_is_the_user_of_the_machine() -> None:
    assert acting(from_environment({})) == Actor(name="muniment")
