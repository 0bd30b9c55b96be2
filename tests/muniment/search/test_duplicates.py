"""Texts that say nearly the same come together, and none is left out."""

from hypothesis import given
from hypothesis import strategies as st

from muniment.search.duplicates import near_duplicates

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
