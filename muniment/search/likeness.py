"""Which tokens a wildcard pattern or a misspelt word stands for; read from their meaning, with no engine."""

import re
from functools import lru_cache

__all__ = ["pattern_of", "within_edits"]

_WILDCARDS = {"*": ".*", "?": "."}


@lru_cache(maxsize=1_024)
def pattern_of(pattern: str) -> re.Pattern[str]:
    """Return the expression of a whole token: `*` is any characters or none, `?` exactly one."""
    return re.compile("".join(_WILDCARDS.get(sign) or re.escape(sign) for sign in pattern), re.DOTALL)


@lru_cache(maxsize=65_536)
def within_edits(token: str, word: str, edits: int) -> bool:
    """Say whether at most so many letters differ: added, left out or changed; a swap of two is one.

    The distance is that of both engines' automata: no letter that was swapped is changed again.
    """
    if abs(len(token) - len(word)) > edits:
        return False
    before: list[int] = []
    last = list(range(len(word) + 1))
    for row, sign in enumerate(token, start=1):
        now = [row]
        for column, wanted in enumerate(word, start=1):
            cost = min(last[column] + 1, now[-1] + 1, last[column - 1] + (sign != wanted))
            swapped = row > 1 and column > 1 and sign == word[column - 2] and token[row - 2] == wanted
            now.append(min(cost, before[column - 2] + 1) if swapped else cost)
        if min(now) > edits and min(last) > edits:
            return False
        before, last = last, now
    return last[-1] <= edits
