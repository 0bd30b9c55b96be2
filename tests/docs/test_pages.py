"""Every page: links lead somewhere, examples are what the program takes, nothing of one machine is in it."""

import re
import shlex
from pathlib import Path

import click
import pytest

from muniment.cli.main import muniment
from muniment.search.errors import QueryError
from muniment.search.parse import parse
from muniment.settings import SETTINGS

CHECKOUT = Path(__file__).parents[2]
TOP = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")
PAGES = [*(CHECKOUT / name for name in TOP), *sorted((CHECKOUT / "docs").rglob("*.md"))]
SEARCH = (CHECKOUT / "docs" / "officer" / "search.md").read_text(encoding="utf-8")
MAKEFILE = (CHECKOUT / "Makefile").read_text(encoding="utf-8")


def name_of(page: Path) -> str:
    return str(page.relative_to(CHECKOUT))


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def examples(heading: str) -> list[str]:
    """Return the first cells of the table under a heading of the search page."""
    section = SEARCH.split(f"## {heading}")[1].split("\n## ")[0]
    return re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", text_of(page)):
        if not re.match(r"[a-z]+:", target):
            assert (page.parent / target.partition("#")[0]).exists(), target


def test_every_page_can_be_reached_from_the_first() -> None:
    seen: set[Path] = set()
    waiting = [CHECKOUT / "README.md"]
    while waiting:
        page = waiting.pop().resolve()
        if page in seen or page.suffix != ".md":
            continue
        seen.add(page)
        waiting += [page.parent / target for target in re.findall(r"\]\(([^)\s:#]+)\)", text_of(page))]
    assert {name_of(page) for page in PAGES if page.resolve() not in seen} == set()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_nothing_of_one_machine_stands_in_a_page(page: Path) -> None:
    found = re.findall(r"/(?:work/|root\b|opt/venv|home/\w+)|(?<!/var)/tmp/\w+", text_of(page))
    assert found == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_settings_and_targets_that_a_page_names_are_there(page: Path) -> None:
    text = text_of(page)
    known = {*SETTINGS, "MUNIMENT_SPECS", "MUNIMENT_RIG"}
    assert set(re.findall(r"\bMUNIMENT_[A-Z][A-Z_]*[A-Z]\b", text)) <= known
    for target in re.findall(r"`make ([a-z-]+)", text) + re.findall(r"^make ([a-z-]+)", text, re.MULTILINE):
        assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE), target


def lines_of_shell(page: Path) -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", text_of(page), re.DOTALL)
    return [line.split("   #")[0].strip() for block in blocks for line in block.splitlines()]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_that_a_page_shows_is_taken(page: Path) -> None:
    inline = re.findall(r"`(muniment [^`]+)`", text_of(page))
    shown = [line for line in [*lines_of_shell(page), *inline] if line.startswith("muniment ")]
    for line in shown:
        words = shlex.split(line)[1:]
        command: click.Command = muniment
        context = click.Context(muniment)
        while isinstance(command, click.Group) and words and not words[0].startswith("-"):
            found = command.get_command(context, words.pop(0))
            assert found is not None, line
            command = found
        known = {option for one in command.params for option in one.opts} | {"--help"}
        assert {word for word in words if word.startswith("--")} <= known, line


def test_every_search_that_the_page_shows_is_understood() -> None:
    shown = examples("What you can type")
    assert len(shown) > 15
    for query in shown:
        assert parse(query).ignored == (), query


def test_what_the_page_says_cannot_be_typed_is_refused_with_a_remedy() -> None:
    for query in examples("What you cannot type yet"):
        with pytest.raises(QueryError) as refused:
            parse(query)
        assert refused.value.remedy, query


def test_the_first_five_minutes_are_the_commands_that_there_are() -> None:
    text = text_of(CHECKOUT / "README.md")
    assert "make run" in text
    assert "make test" in text
    assert (CHECKOUT / "councils" / "example_borough.yml").is_file()
