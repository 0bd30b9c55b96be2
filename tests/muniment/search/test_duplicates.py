"""Texts that say nearly the same come together, and none is left out."""

import random
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muniment.search.duplicates import NearDuplicates, near_duplicates
from muniment.search.tokens import streams

BINS = "Bins in Penn Road will be collected on Monday because of the bank holiday this week"


def groups(*texts: str) -> tuple[tuple[int, ...], ...]:
    return near_duplicates(texts, [f"x:{number}" for number in range(len(texts))])


def test_copies_come_together_whatever_their_case_and_links() -> None:
    assert groups(BINS, "Parks are open", BINS.upper(), f"{BINS}!") == ((0, 2, 3), (1,))


def test_a_few_other_words_are_near_and_half_of_them_are_not() -> None:
    assert groups(BINS, f"{BINS} thanks all") == ((0, 1),)
    assert groups(BINS, "Bins in Penn Road will be collected on Friday since a lorry broke") == (
        (0,),
        (1,),
    )


def test_short_texts_come_together_only_if_alike() -> None:
    assert groups("Thank you", "thank you!", "Thanks") == ((0, 1), (2,))


def test_versions_of_a_record_come_together() -> None:
    assert near_duplicates(["a b c", "x y z", "p q r"], ["x:1", "x:2", "x:1"]) == ((0, 2), (1,))


@given(st.lists(st.tuples(st.text("ab ", max_size=12), st.sampled_from(["x:1", "x:2", "x:3"]))))
def test_every_text_is_in_one_group(some: list[tuple[str, str]]) -> None:
    found = near_duplicates([text for text, _ in some], [record for _, record in some])
    assert sorted(place for group in found for place in group) == list(range(len(some)))


def by_each_pair(texts: list[str]) -> tuple[tuple[int, ...], ...]:
    """Return the groups by comparing every text with every other, as the rule says."""
    runs = []
    for text in texts:
        words = streams(text)[1].split(" \u241e \u241e")[0].split()
        runs.append({tuple(words[at : at + 3]) for at in range(max(len(words) - 2, 1))})
    first = list(range(len(texts)))
    for one, other in combinations(range(len(texts)), 2):
        if len(runs[one] & runs[other]) >= 0.8 * len(runs[one] | runs[other]):
            old, new = sorted((first[one], first[other]))
            first = [old if at == new else at for at in first]
    groups: dict[int, list[int]] = {}
    for place, at in enumerate(first):
        groups.setdefault(at, []).append(place)
    return tuple(sorted(map(tuple, groups.values())))


@pytest.mark.parametrize("seed", range(6))
def test_no_text_that_is_near_is_overlooked(seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 -- chance here is no secret
    words = [f"w{number}" for number in range(40 if seed % 2 else 400)]
    texts: list[str] = []
    for _ in range(160):
        if texts and dice.random() < 0.6:
            said = dice.choice(texts).split()
            for _ in range(dice.randint(0, 3)):
                said[dice.randrange(len(said))] = dice.choice(words)
        else:
            said = dice.choices(words, k=dice.randint(1, 40))
        texts.append(" ".join(said))
    found = near_duplicates(texts, [f"x:{number}" for number in range(len(texts))])
    assert tuple(sorted(found)) == by_each_pair(texts)
    assert max(map(len, found)) > 2


def test_thousands_of_copies_with_another_name_each_are_one_group() -> None:
    texts = [f"{BINS} and so say all of us in this ward, signed {number}" for number in range(3_000)]
    assert [len(group) for group in groups(*texts, "Parks are open")] == [3_000, 1]


def test_long_texts_are_compared_by_a_part_that_is_chosen_alike() -> None:
    dice = random.Random(2)  # noqa: S311 -- as above
    minutes = [f"item{dice.randrange(10_000)}" for _ in range(20_000)]
    slightly, wholly = list(minutes), dice.sample(minutes, len(minutes))
    for at in range(0, 20_000, 400):
        slightly[at] = "amended"
    assert groups(" ".join(minutes), " ".join(slightly), " ".join(wholly)) == ((0, 1), (2,))


def test_what_is_kept_of_a_text_does_not_grow_with_its_length() -> None:
    found = NearDuplicates()
    for number in range(9):
        found.add(" ".join(f"w{number}x{at}" for at in range(2_000)), f"x:{number}")
    assert found.kept_bytes <= 10 * 300
    assert len(set(found.leaders().tolist())) == 9
