"""What was taken as plain words, and may have been meant as an operator or a field: said, never guessed."""

import re
from collections.abc import Iterator

from muniment.search.fields import FIELD_NAMES
from muniment.search.likeness import within_edits

__all__ = ["hints_for"]

_OPERATORS = {
    "or": "“or” was left as a word. For either of two words write OR in capitals.",
    "not": "“not” was left as a word. To leave a word out write NOT in capitals, or - before it.",
    "near": "“near” was left as a word. For words near each other write for example bin NEAR/5 missed.",
}
_QUOTED = re.compile(r'["“”][^"“”]*["“”]')
_FIELD = re.compile(r"(?<!\S)-?([A-Za-z]{4,12}):(?=[^\s/])")
_MOST = 3
_LONG_ENOUGH_TO_BE_PASTED = 8


def hints_for(typed: str) -> tuple[str, ...]:
    """Return at most three sentences; none for what stands in quotation marks, or in a pasted text."""
    plain = _QUOTED.sub(" ", typed)
    return tuple(dict.fromkeys(_hints(plain)))[:_MOST]


def _hints(plain: str) -> Iterator[str]:
    for name in _FIELD.findall(plain):
        if name.lower() not in FIELD_NAMES:
            for field in FIELD_NAMES:
                if within_edits(name.lower(), field, 2):
                    yield f"“{name}:” is not a field and was searched as a word. Did you mean {field}: ?"
    words = plain.split()
    if len(words) > _LONG_ENOUGH_TO_BE_PASTED:
        return
    for at, word in enumerate(words):
        key = word.lower().partition("/")[0]
        between = 0 < at < len(words) - 1
        if key in _OPERATORS and between and not word.isupper() and (key != "near" or "/" in word):
            yield _OPERATORS[key]
        elif word == "NEAR" and between:
            yield _OPERATORS["near"]
