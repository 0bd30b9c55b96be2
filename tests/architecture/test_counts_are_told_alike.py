"""A count and its noun agree: what people read says "1 record", and one function says it everywhere."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.counted import counted
from tests.architecture.source import parsed

_CHECKOUT = Path(__file__).resolve().parents[2]
_PLURAL = re.compile(r" ([a-z]+ )?[a-z]+s\b(?<!\bis)(?<!\bhas)(?<!\bwas)")


@pytest.mark.parametrize(
    ("number", "told"),
    [(0, "0 records are"), (1, "1 record is"), (2, "2 records are"), (1204, "1,204 records are")],
)
def test_a_noun_and_its_verb_agree_with_the_number(number: int, told: str) -> None:
    assert counted(number, "record is", "records are") == told


def test_more_than_one_takes_an_s_where_no_plural_is_given() -> None:
    assert (counted(1, "hit"), counted(3, "hit")) == ("1 hit", "3 hits")


@pytest.mark.parametrize("package", ["muniment/cli", "flows"])
def test_no_sentence_puts_a_plural_after_a_count_by_itself(package: str) -> None:
    files = (_CHECKOUT / package).rglob("*.py")
    assert not [f"{file.name}: {told}" for file in files for told in _by_hand(parsed(file))]


def _by_hand(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            for before, after in zip(node.values, node.values[1:], strict=False):
                told = after.value if isinstance(after, ast.Constant) else None
                if _is_count(before) and isinstance(told, str) and _PLURAL.match(told):
                    yield ast.unparse(node)


def _is_count(node: ast.expr) -> bool:
    if not isinstance(node, ast.FormattedValue):
        return False
    spec = ast.unparse(node.format_spec) if node.format_spec else ""
    return "," in spec or ast.unparse(node.value).startswith("len(")
