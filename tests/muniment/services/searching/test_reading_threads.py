"""A conversation is told whole: as it stands, or as we held it at the end of a day, edits as changes."""

from datetime import date, timedelta

import pytest

from muniment.services.reading_threads import read_thread
from muniment.services.showing import show
from schemas.errors import BadInputError
from tests.muniment.services.searching.commits import START, Commits, look, row

SECOND = timedelta(seconds=1)


@pytest.fixture
def thread(commits: Commits) -> Commits:
    """A post, an answer that was edited and later gone, an answer to it, and another conversation."""
    in_thread = {"thread_id": "x:1"}
    commits.commit(
        row("x:1", "Bins on Monday", author_role="council", **in_thread),
        row("x:2", "Missed again", parent_id="x:1", filed_at=START + timedelta(hours=2), **in_thread),
        row("x:9", "Elsewhere", thread_id="x:9"),
        look("x:2", 3, text="Missed again"),
    )
    edited = START + timedelta(days=3)
    commits.commit(
        {
            **row("x:2", "Missed twice", parent_id="x:1", filed_at=START + timedelta(hours=2), **in_thread),
            "version_at": edited,
            "captured_at": edited + timedelta(hours=1),
        },
        look("x:2", 74, text="Missed twice"),
        row("x:3", "Same here", parent_id="x:2", filed_at=START + timedelta(days=4), **in_thread),
    )
    commits.commit(look("x:2", 24 * 9, "gone", shown="404"))
    return commits


def test_the_conversation_stands_from_its_root_down(thread: Commits) -> None:
    told = read_thread(thread.archive(), "x:3")
    assert [(one.record_id, one.depth) for one in told] == [("x:1", 0), ("x:2", 1), ("x:3", 2)]
    answer = told[1]
    assert (answer.state, answer.word) == ("gone", "404")
    assert [said.text for said in answer.versions] == ["Missed again", "Missed twice"]


def test_as_of_a_day_nothing_later_is_told(thread: Commits) -> None:
    told = read_thread(thread.archive(), "x:2", as_of=date(2024, 4, 2))
    assert [one.record_id for one in told] == ["x:1", "x:2"]
    assert (told[1].state, [said.text for said in told[1].versions]) == ("live", ["Missed again"])
    told = read_thread(thread.archive(), "x:2", as_of=date(2024, 4, 8))
    assert (told[1].state, len(told[1].versions)) == ("live", 2)


def test_a_wording_that_was_put_back_is_the_last(thread: Commits) -> None:
    thread.commit(look("x:2", 24 * 10, text="Missed again"))
    answer = read_thread(thread.archive(), "x:1")[1]
    assert [said.text for said in answer.versions] == ["Missed twice", "Missed again"]
    assert answer.state == "live"


def test_what_was_said_before_the_first_edit_comes_first_also_where_it_was_asked_for_last(
    commits: Commits,
) -> None:
    captured = START + timedelta(days=400)
    texts = ("Bins on Monday", "Bins on Tuesday", "Bins on Tuesday, sorry")
    edits = (None, START + timedelta(hours=1), START + timedelta(hours=2))
    rows = [
        {**row("x:1", text, thread_id="x:1"), "version_at": edit, "captured_at": captured - n * SECOND}
        for n, (text, edit) in enumerate(zip(texts, edits, strict=True))
    ]
    rows = [one | {"native_id": "1", "metrics": "{}"} for one in rows]
    commits.commit(
        rows[2], look("x:1", 9600, text=texts[2], metrics="{}", answer="seen", look_shown="public")
    )
    commits.commit(*rows[:2])
    (told,) = read_thread(commits.archive(), "x:1")
    assert tuple(said.text for said in told.versions) == texts
    shown = show("x:1", council="northbeck", archive=commits.archive())
    assert tuple(version.text for version in shown.versions) == texts


def test_a_record_that_is_not_held_is_refused(thread: Commits) -> None:
    with pytest.raises(BadInputError, match="holds no record"):
        read_thread(thread.archive(), "x:77")
    with pytest.raises(BadInputError, match="not held yet"):
        read_thread(thread.archive(), "x:3", as_of=date(2024, 4, 1))


def test_records_that_name_each_other_or_themselves_as_parents_are_told_once_each(commits: Commits) -> None:
    in_thread = {"thread_id": "x:1"}
    commits.commit(
        row("x:1", "Bins on Monday", parent_id="x:1", **in_thread),
        row("x:2", "Yes", parent_id="x:3", filed_at=START + timedelta(hours=2), **in_thread),
        row("x:3", "No", parent_id="x:2", filed_at=START + timedelta(hours=3), **in_thread),
    )
    told = read_thread(commits.archive(), "x:3")
    assert [(one.record_id, one.depth) for one in told] == [("x:1", 0), ("x:2", 0), ("x:3", 1)]
