"""The index template that is shipped for administrators says what muniment itself asks for, no more."""

import json
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from muniment.adapters.elastic.mapping import LEASES, alias_of, generation_name, index_body

FILE = Path(__file__).parents[4] / "infra" / "elasticsearch" / "index-template.json"
TEMPLATE: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))


def test_it_gives_the_settings_and_the_mapping_of_a_generation() -> None:
    body = index_body()
    del body["mappings"]["_meta"]  # who made it, each generation says for itself
    assert TEMPLATE["template"] == body


def test_it_holds_for_generations_of_this_mapping_and_for_nothing_else() -> None:
    (pattern,) = TEMPLATE["index_patterns"]
    assert fnmatchcase(generation_name("example_borough", 12), pattern)
    for name in (alias_of("example_borough"), LEASES, "muniment-example_borough-v1-g1"):
        assert not fnmatchcase(name, pattern)


def test_no_write_that_goes_astray_makes_such_an_index() -> None:
    assert TEMPLATE["allow_auto_create"] is False
