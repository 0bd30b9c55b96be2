"""Random worlds against a plain oracle; `make retention-worlds` checks 100,000 of them."""

import pytest

from bench.retention import check


@pytest.mark.parametrize("first", range(0, 30, 10))
def test_in_random_worlds_nothing_held_goes_nothing_due_is_forgotten_and_the_longest_duty_wins(
    first: int,
) -> None:
    faults = [fault for seed in range(first, first + 10) for fault in check(seed)[1]]
    assert faults == []
