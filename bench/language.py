"""Whatever is typed gives a tree or a QueryError: random strings by the hundred thousand.

`python -m bench.language --strings 200000`; the test suite has the same promise at a smaller size.
"""

# ruff: noqa: RUF001 -- people paste typographic quotation marks

import argparse
import random
import sys
import time

from muniment.search.entry import Entry
from muniment.search.errors import QueryError
from muniment.search.explain import explain
from muniment.search.highlight import highlight
from muniment.search.match import matches, read
from muniment.search.parse import parse

PIECES = (
    *(
        "AND",
        "OR",
        "NOT",
        "NEAR/3",
        "w/0",
        "w/5",
        "-",
        "(",
        ")",
        '"',
        "“",
        "”",
        "=",
        "*",
        "?",
        "~",
        "~2",
        "~9",
    ),
    *("bins", "don’t", "covid-19", "café", "#BinDay", "@some.one", "£1,500", "a@b.uk", "www.b.gov.uk/c?d=1*"),
    *(
        "👍🏽",
        "WV1",
        "1SH",
        "state:live",
        "date:[",
        "TO",
        "]",
        "hold:yes",
        "platform:-x",
        "||",
        "&&",
        "\\",
        "\u241e",
    ),
    *(" ", " ", " ", " ", "\ud800", "\x00", "İ", "ﬁ", "ᴼᶠ", "'", "’s", "_", "٣", "10:30", "1,0"),
)


def string(dice: random.Random) -> str:
    """Return a string of pieces of the language and of any characters."""
    made = [
        dice.choice(PIECES) if dice.random() < 0.85 else chr(dice.randrange(0x11_0000))
        for _ in range(dice.randint(0, 14))
    ]
    return "".join(made)


def main() -> int:
    """Count trees, refusals and anything else; anything else fails."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--strings", type=int, default=200_000)
    arguments.add_argument("--seed", type=int, default=1)
    asked = arguments.parse_args()
    dice = random.Random(asked.seed)  # noqa: S311 -- chance here is no secret
    text = "The bins at WV1 1SH were missed, don’t you know #BinDay 👍🏽"
    reading = read(_entry(text))
    trees = refused = broken = 0
    started = time.perf_counter()
    for _ in range(asked.strings):
        typed = string(dice)
        try:
            tree = parse(typed, held=frozenset).tree
            explain(tree)
            matches(tree, reading)
            highlight(text, tree)
            trees += 1
        except QueryError as error:
            refused += 1
            broken += not (error.remedy and 0 <= error.position <= len(typed))
        except Exception as error:  # noqa: BLE001 -- this is what is looked for
            broken += 1
            print(f"{typed!r}: {error!r}")
    seconds = time.perf_counter() - started
    print(
        f"{asked.strings:,} strings: {trees:,} trees, {refused:,} refused, {broken} broken; {seconds:.0f} s"
    )
    return 1 if broken else 0


def _entry(text: str) -> Entry:
    return Entry(
        *(b"1" * 32, "x:1", "x", ("main",), "u1", None, "public", "post", "public", None, "live"),
        *(False, 1, 0, True, False, text),
    )


if __name__ == "__main__":
    sys.exit(main())
