"""What the product imports is what its wheel asks for: a developer's machine has more than a council's."""

import ast
import re
import sys
import tomllib
from pathlib import Path

from tests.architecture.source import parsed

CHECKOUT = Path(__file__).parents[2]
OURS = {"schemas", "connectors", "muniment", "flows"}
NAMED_OTHERWISE = {"Stemmer": "pystemmer", "yaml": "pyyaml", "botocore": "boto3"}


def test_every_package_that_the_product_imports_is_a_dependency_of_the_product() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    asked = {re.split(r"[\[<>=~!;, ]", one)[0].lower() for one in project["dependencies"]}
    imported = set().union(*(_imports(path) for name in OURS for path in (CHECKOUT / name).rglob("*.py")))
    strangers = imported - OURS - set(sys.stdlib_module_names)
    needed = {NAMED_OTHERWISE.get(name, name.replace("_", "-").lower()) for name in strangers}
    assert len(needed) > 20
    assert needed - asked == set()


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found
