"""What the libraries under us do wrongly is never called: each was seen to lose, double or overlook."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.source import parsed

ADAPTERS = Path(__file__).parents[2] / "muniment" / "adapters"
TRAPS = {
    # Compaction of its own doubles rows, vacuum removes committed files, a merge reads the whole table.
    "delta": {"optimize", "vacuum", "merge", "delete", "cleanup_metadata"},
    # A pattern becomes a word, a misspelt word a phrase; a begun phrase stops at 50 words.
    "tantivy": {"parse_query", "parse_query_lenient", "phrase_prefix_query"},
    # What a person typed would be read by another language; what is deleted so would not be told.
    "elastic": {"query_string", "simple_query_string", "delete_by_query", "from_"},
}


def words(path: Path) -> Iterator[str]:
    """Yield every name that a file calls or passes, and every word that it sends."""
    for node in ast.walk(parsed(path)):
        match node:
            case ast.Attribute():
                yield node.attr
            case ast.keyword(arg=str()):
                yield node.arg or ""
            case ast.Constant(value=str()):
                yield str(node.value)


@pytest.mark.parametrize("engine", TRAPS)
def test_what_a_library_does_wrongly_is_never_called(engine: str) -> None:
    files = sorted((ADAPTERS / engine).glob("*.py"))
    assert files
    found = {f"{path.name}: {word}" for path in files for word in words(path) if word in TRAPS[engine]}
    assert found == set()
