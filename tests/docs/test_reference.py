"""The documents name what there is, and no more: commands, settings, exit codes, errors, platforms."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from connectors.download import SHORTENERS
from connectors.registry import PLATFORMS
from muniment.adapters import schedule_yaml
from muniment.cli import exits
from muniment.cli.examples import EXAMPLES
from muniment.cli.main import muniment
from muniment.domain.disposal import Why
from muniment.domain.events import Tag
from muniment.settings import SETTINGS
from schemas import errors
from schemas.vocabulary import Reason, State

CHECKOUT = Path(__file__).parents[2]
DOCS = CHECKOUT / "docs"


def rows(page: str) -> list[list[str]]:
    """Return the cells of every table row of a page but the headings."""
    lines = [line for line in (DOCS / page).read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in cells if not set("".join(row)) <= set("- ")]


def quoted(text: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", text))


def first_cells(page: str) -> set[str]:
    return {cell for row in rows(page) for cell in quoted(row[0])}


def commands(command: click.Command = muniment, name: str = "muniment") -> Iterator[tuple[str, set[str]]]:
    """Yield every command by its whole name, with its arguments and options."""
    if isinstance(command, click.Group):
        if name == "muniment":
            yield name, {option for one in command.params for option in one.opts} | {"--help"}
        for part, inner in command.commands.items():
            yield from commands(inner, f"{name} {part}")
    else:
        given = {one.opts[0] for one in command.params if isinstance(one, click.Option)}
        arguments = {(one.name or "").upper() for one in command.params if isinstance(one, click.Argument)}
        yield name, given | arguments


def leaves(command: click.Command = muniment, name: str = "muniment") -> Iterator[tuple[str, click.Command]]:
    """Yield every command that does something, by its whole name."""
    if isinstance(command, click.Group):
        for part, inner in command.commands.items():
            yield from leaves(inner, f"{name} {part}")
    else:
        yield name, command


def test_every_command_and_option_is_documented_and_no_more() -> None:
    told = {row[0].strip("`"): quoted(row[1]) for row in rows("operate/commands.md") if row[0][0] == "`"}
    assert told == dict(commands())


def test_every_command_says_what_it_does() -> None:
    for name, _ in commands():
        command: click.Command = muniment
        for part in name.split()[1:]:
            assert isinstance(command, click.Group)
            command = command.commands[part]
        assert command.help, name


def test_every_option_says_what_it_is_for() -> None:
    for name, command in leaves():
        options = [one for one in command.params if isinstance(one, click.Option)]
        assert all(one.help for one in options), name


def test_every_command_has_an_example_that_it_takes() -> None:
    shown = dict.fromkeys((name for name, _ in leaves()), 0)
    for line in EXAMPLES.strip().splitlines():
        name, command, words = muniment.name or "", muniment, shlex.split(line)[1:]
        found: click.Command = command
        while isinstance(found, click.Group):
            word = words.pop(0)
            name, found = f"{name} {word}", found.commands[word]
        with click.Context(found) as context:
            given, left, _ = found.make_parser(context).parse_args(words)
            for one in found.params:
                value = given.get(one.name or "")
                assert value is not None or not one.required, line
                if value is not None and not isinstance(one.type, click.Path) and not one.multiple:
                    one.type.convert(value, one, context)
        assert left == [], line
        assert line in (found.epilog or "")
        shown[name] += 1
    assert all(shown.values()), shown


def test_every_setting_is_documented_and_no_more() -> None:
    assert first_cells("operate/settings.md") == set(SETTINGS)


def test_every_exit_code_is_documented_and_no_more() -> None:
    codes = {str(getattr(exits, name)): name for name in exits.__all__ if name.isupper()}
    told = {row[0]: row[1].strip("`") for row in rows("operate/exit-codes.md") if row[0].isdigit()}
    assert told == codes


def test_every_error_is_documented_with_the_code_it_ends_a_command_with() -> None:
    named: list[type] = [getattr(errors, name) for name in errors.__all__]
    classes = [one for one in named if issubclass(one, errors.MunimentError)]
    leaves = {one for one in classes if not any(issubclass(other, one) for other in classes if other != one)}
    told = {row[0].strip("`"): row[1] for row in rows("operate/exit-codes.md") if "Error`" in row[0]}
    assert told == {one.__name__: str(exits.exit_code(one("said"))) for one in leaves}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_platform_has_a_page_and_is_linked_and_has_its_hosts(platform: str) -> None:
    assert (DOCS / "platforms" / f"{platform}.md").is_file()
    assert f"platforms/{platform}.md" in (DOCS / "README.md").read_text(encoding="utf-8")
    assert platform in first_cells("operate/network.md")


def test_no_page_is_about_a_platform_that_there_is_not() -> None:
    assert {page.stem for page in (DOCS / "platforms").glob("*.md")} <= set(PLATFORMS)
    assert first_cells("operate/network.md") == set(PLATFORMS)


def test_every_host_that_the_code_asks_by_itself_is_to_be_allowed() -> None:
    page = (DOCS / "operate" / "network.md").read_text(encoding="utf-8")
    asked = {
        host
        for path in (CHECKOUT / "connectors").rglob("*.py")
        for host in re.findall(r'^_?[A-Z]+: Final = "https://([a-z.]+)"$', path.read_text(), re.MULTILINE)
    }
    assert {"api.x.com", "graph.facebook.com", "public.api.bsky.app", "plc.directory"} <= asked
    assert {host for host in asked | SHORTENERS if f"`{host}`" not in page} == set()


def test_every_state_and_every_reason_is_explained_to_the_officer_and_no_other() -> None:
    assert first_cells("officer/coverage.md") == {*State, *Reason}


def test_every_kind_of_audit_entry_is_explained_and_no_other() -> None:
    told = [cell for row in rows("officer/audit.md") for cell in quoted(row[0])]
    assert sorted(told) == sorted(Tag)


def test_every_reason_for_which_a_record_stays_is_explained_and_no_other() -> None:
    page = (DOCS / "officer" / "retention.md").read_text(encoding="utf-8")
    section = page.split("## Why a record stays")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `([a-z-]+)` \|", section, re.MULTILINE)) == set(Why)


def test_every_field_of_a_schedule_is_explained() -> None:
    page = (DOCS / "officer" / "retention.md").read_text(encoding="utf-8")
    section = page.split("## The file, field by field")[1]
    fields = schedule_yaml.field_names()
    told = set(re.findall(r"\w+", section))
    assert fields <= told
