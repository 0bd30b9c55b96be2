"""Every page: links lead somewhere, examples are what the program takes, nothing of one machine is in it."""

import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest

from muniment.cli.main import muniment
from muniment.search.entry import Entry
from muniment.search.errors import QueryError
from muniment.search.match import matches, read
from muniment.search.parse import parse
from muniment.settings import SETTINGS
from schemas.vocabulary import State

CHECKOUT = Path(__file__).parents[2]
TOP = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")
PAGES = [*(CHECKOUT / name for name in TOP), *sorted((CHECKOUT / "docs").rglob("*.md"))]
SEARCH = (CHECKOUT / "docs" / "officer" / "search.md").read_text(encoding="utf-8")
MAKEFILE = (CHECKOUT / "Makefile").read_text(encoding="utf-8")


def name_of(page: Path) -> str:
    return str(page.relative_to(CHECKOUT))


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def an_entry(**facts: Any) -> Entry:
    """Return an entry of which only these facts matter."""
    plain = Entry(
        version_id=b"1" * 32,
        record_id="x:1",
        platform="x",
        accounts=("main",),
        author_id="u1",
        author_handle=None,
        author_role="public",
        kind="post",
        series="public",
        language=None,
        state="live",
        edited=False,
        commit_no=1,
        ts=0,
        current=True,
        multi=False,
        text="",
    )
    return plain._replace(**facts)


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


def rows_of_four() -> list[tuple[str, str, str]]:
    """Return what is typed, a text that it finds and one that it does not, from the search page's table."""
    rows = re.findall(r"^\| `([^`]+)` \| [^|]+ \| ([^|]+) \| ([^|]+) \|$", SEARCH, re.MULTILINE)
    assert len(rows) > 20
    return rows


@pytest.mark.parametrize(("typed", "finds", "finds_not"), rows_of_four())
def test_a_search_of_the_page_finds_what_it_says_and_no_more(typed: str, finds: str, finds_not: str) -> None:
    tree = parse(typed).tree
    assert [matches(tree, read(an_entry(text=text))) for text in (finds, finds_not)] == [True, False]


def test_each_field_that_the_page_shows_narrows() -> None:
    shown = re.findall(
        r"^\| `([^`]+)` \| [^|]+ \|$", SEARCH.split("### Narrow")[1].split("\n## ")[0], re.MULTILINE
    )
    shaped = an_entry(
        text="pothole",
        platform="facebook",
        accounts=("x-main",),
        author_handle="Resident",
        kind="comment",
        record_class="PUB-COMMENT",
        edited=True,
        ts=1_711_900_000,  # 31 March 2024 in London
    )
    corpus = [an_entry(text="parks", kind="profile")] + [
        shaped._replace(state=state.value) for state in State
    ]
    for typed in shown:
        found = [matches(parse(typed).tree, read(entry)) for entry in corpus]
        assert any(found), typed
        assert not all(found), typed


def test_what_the_page_calls_a_mistake_is_refused_with_a_remedy() -> None:
    for query in examples("When muniment asks back"):
        with pytest.raises(QueryError) as refused:
            parse(query)
        assert refused.value.remedy, query


def test_the_first_five_minutes_are_the_commands_that_there_are() -> None:
    text = text_of(CHECKOUT / "README.md")
    assert "make run" in text
    assert "make test" in text
    assert (CHECKOUT / "councils" / "example_borough.yml").is_file()
