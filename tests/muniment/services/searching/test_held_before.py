"""Which records were held before: nothing that was is ever missed, and each commit is read once."""

from hypothesis import given, settings
from hypothesis import strategies as st

from muniment.services.held_before import HeldBefore
from tests.muniment.services.searching.commits import Commits, look, row

_IDS = [f"x:{number}" for number in range(12)]


@settings(deadline=None, max_examples=60)
@given(
    commits=st.lists(st.sets(st.sampled_from(_IDS), max_size=5), min_size=1, max_size=6),
    asked=st.lists(st.integers(0, 6), min_size=1, max_size=4),
)
def test_it_names_what_was_held_and_nothing_else(commits: list[set[str]], asked: list[int]) -> None:
    archived = Commits()
    for ids in commits:
        archived.commit(*(row(one, one) if len(one) % 2 else look(one, 1) for one in sorted(ids)))
    held = HeldBefore(archived.archive())
    furthest = 0
    for number in asked:
        after = min(number, len(commits))
        furthest = max(furthest, after)
        assert set(held.among(_IDS, after=after)) == set().union(*commits[:furthest])


def test_each_commit_is_read_once() -> None:
    archived = Commits()
    held = HeldBefore(archived.archive())
    for number in range(5):
        archived.commit(row(f"x:{number}", "bins"))
        held.among(_IDS, after=archived.last)
        held.among(_IDS, after=archived.last)
    assert archived.read_rows == 5


def test_what_it_was_asked_of_whole_commits_is_not_read_again() -> None:
    archived = Commits()
    held = HeldBefore(archived.archive())
    for number in range(5):
        ids = [f"x:{number}", f"x:{number + 1}"]
        archived.commit(*(row(one, "bins") for one in ids))
        before = held.among(ids, after=archived.last - 1, upto=archived.last)
        assert before == ([ids[0]] if number else [])
    assert archived.read_rows == 0
    assert held.among(_IDS, after=archived.last) == _IDS[:6]
