"""What the linter cannot know of the house: which way imports point, and that every name is ours."""

import ast
import importlib
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from connectors import registry
from tests.architecture.source import parsed

CHECKOUT = Path(__file__).parents[2]
PACKAGES = ("schemas", "connectors", "muniment", "flows")
ALL = (*PACKAGES, "conformance")


def modules(*packages: str) -> Iterator[tuple[str, Path]]:
    for package in packages:
        for path in sorted((CHECKOUT / package).rglob("*.py")):
            if "migrations" not in path.parts and path.name != "__main__.py":
                parts = path.relative_to(CHECKOUT).with_suffix("").parts
                yield ".".join(part for part in parts if part != "__init__"), path


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add((node.module or "").partition(".")[0])
    return found


def contracts() -> list[dict[str, Any]]:
    told = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    return list(told["tool"]["importlinter"]["contracts"])


def test_imports_point_one_way() -> None:
    for number, package in enumerate(PACKAGES):
        above = set(PACKAGES[number + 1 :])
        for name, path in modules(package):
            assert not imported(path) & above, name


def test_the_command_line_never_imports_prefect() -> None:
    names = [name for name, _ in modules("muniment")]
    script = f"import importlib, sys\nfor name in {names!r}: importlib.import_module(name)\n"
    script += "sys.exit('prefect' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=CHECKOUT, check=False, timeout=200)
    assert done.returncode == 0


def test_no_platform_knows_another_and_the_linter_has_them_all() -> None:
    (told,) = (one for one in contracts() if one["name"] == "No platform knows another")
    homes = {str(one).removeprefix("connectors.") for one in told["modules"]}
    assert homes == set(registry.PLATFORMS)


def test_nobody_else_owns_our_names() -> None:
    owners = metadata.packages_distributions()
    for name in ALL:
        assert set(owners.get(name, ())) <= {"muniment"}, name


@pytest.mark.parametrize("package", ALL)
def test_every_module_says_what_is_public_and_has_it(package: str) -> None:
    for name, path in modules(package):
        module = importlib.import_module(name)
        public = getattr(module, "__all__", None)
        if public is None:
            # Nothing of it is for others: a package's own doorstep.
            assert path.name == "__init__.py", f"{name} names nothing public"
            assert not _defines(path), f"{name} names nothing public"
            continue
        assert len(public) == len(set(public)), name
        missing = [one for one in public if not hasattr(module, one)]
        assert not missing, f"{name} promises {missing}"


@pytest.mark.parametrize(
    "package",
    [
        *("muniment/search", "muniment/domain", "muniment/services"),
        *(f"muniment/adapters/{store}" for store in ("delta", "elastic", "s3", "sql", "tantivy")),
    ],
)
def test_a_package_tells_a_stranger_of_each_of_its_modules(package: str) -> None:
    folder = CHECKOUT / package
    told = set(re.findall(r"`(\w+)", ast.get_docstring(parsed(folder / "__init__.py")) or ""))
    assert {path.stem for path in folder.glob("*.py")} - {"__init__"} <= told


def _defines(path: Path) -> bool:
    body = parsed(path).body
    return any(isinstance(node, ast.FunctionDef | ast.ClassDef) for node in body)
