"""The systemd unit and the container file say what the product needs, and nothing that it does not have."""

import configparser
import re
import shlex
import tomllib
from pathlib import Path

import pytest

from muniment.cli import exits
from muniment.cli.main import muniment
from muniment.settings import SETTINGS, from_environment

CHECKOUT = Path(__file__).parents[2]
UNIT = CHECKOUT / "infra" / "systemd" / "muniment.service"
ENVIRONMENT = CHECKOUT / "infra" / "systemd" / "muniment.env"
CONTAINER = CHECKOUT / "infra" / "container" / "Containerfile"


@pytest.fixture
def steps() -> list[list[str]]:
    """The instructions of the container file, each as its words."""
    text = CONTAINER.read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [line.split() for line in lines]


def test_the_unit_starts_a_command_that_there_is_and_a_person_is_waited_for_where_one_is_needed() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment, method-assign] # systemd's names have capitals
    unit.read(UNIT)
    service = unit["Service"]
    program, *arguments = shlex.split(service["ExecStart"])
    assert Path(program).name == "muniment"
    assert arguments[0] in muniment.commands
    assert service["RestartPreventExitStatus"].split() == [str(exits.BAD_INPUT), str(exits.FAULTY)]
    assert service["EnvironmentFile"].endswith(ENVIRONMENT.name)
    assert service["UMask"] == "0077"


def test_the_settings_that_are_offered_are_ours_and_can_be_switched_on(tmp_path: Path) -> None:
    (authority := tmp_path / "proxy.pem").touch()
    offered = dict(
        re.findall(r'^#?([A-Z_]+)="?([^"\n]*)"?$', ENVIRONMENT.read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert {name for name in offered if name.startswith("MUNIMENT_")} <= set(SETTINGS)
    settings = from_environment({**offered, "MUNIMENT_CA_FILE": str(authority)})
    assert (settings.home, settings.proxied) == (Path("/var/lib/muniment"), True)


def test_the_image_copies_every_package_of_the_wheel_and_only_what_is_there(steps: list[list[str]]) -> None:
    copied = {
        source
        for step in steps
        if step[0] == "COPY" and not step[1].startswith("--from=")
        for source in step[1:-1]
    }
    told = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = set(told["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
    needed = {
        "pyproject.toml",
        "requirements.lock",
        told["project"]["readme"],
        *told["project"]["license-files"],
    }
    assert copied == packages | needed
    assert all((CHECKOUT / source).exists() for source in copied)


def test_the_image_installs_by_hash_and_runs_the_service_as_nobody_special(steps: list[list[str]]) -> None:
    installs = [step for step in steps if step[0] == "RUN" and "install" in step and "--no-deps" in step]
    assert any("--require-hashes" in step for step in installs)
    assert ["USER", "muniment"] in steps
    (entry,) = [step for step in steps if step[0] == "ENTRYPOINT"]
    (command,) = [step for step in steps if step[0] == "CMD"]
    assert entry[1:] == ['["muniment"]']
    assert command[1].strip('[]"') in muniment.commands
    given = dict(pair.split("=", 1) for step in steps if step[0] == "ENV" for pair in step[1:])
    assert {name for name in given if name.startswith("MUNIMENT_")} <= set(SETTINGS)
