"""YAML that an officer writes, read strictly: a mistake is told with file, line and what to write instead.

The council's file and the retention schedule are read by it; each brings its own models and hints.
"""

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from schemas.errors import BadInputError

__all__ = ["Told", "in_words", "line_of", "line_of_node", "read", "read_text", "refuse", "repeated_keys"]


class _Loader(yaml.SafeLoader):
    """Leaves days as text: YAML's own reading of 2026-02-30 is an error without a line."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a file says, with its nodes to find lines by, and the SHA-256 of its bytes."""

    root: yaml.Node
    value: dict[str, Any]
    digest: bytes
    text: str


def read(path: Path, *, example: str) -> Told:
    """Read a file that holds one mapping.

    Raises:
        BadInputError: It is not YAML, or empty; `example` says where to start from.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInputError(_yaml_mistake(path, error)) from error
    return read_text(text, name=path, example=example)


def read_text(text: str, *, name: Path, example: str = "") -> Told:
    """Read a text that holds one mapping; `name` is what its mistakes are told under.

    Raises:
        BadInputError: It is not YAML, or empty.
    """
    try:
        root = yaml.compose(text, Loader=_Loader)
        value = yaml.load(text, Loader=_Loader)  # noqa: S506 -- a SafeLoader, days left as text
    except (yaml.YAMLError, ValueError) as error:  # ValueError: `!!int` before what is none
        raise BadInputError(_yaml_mistake(name, error)) from error
    if root is None or not isinstance(value, dict):
        raise BadInputError(f"{name}: the file is empty.", remedy=example)
    return Told(root=root, value=value, digest=hashlib.sha256(text.encode()).digest(), text=text)


def refuse(path: Path, mistakes: Iterable[tuple[int, str]]) -> None:
    """Raise when there are mistakes, all at once and in the order of their lines.

    Raises:
        BadInputError: With all of them.
    """
    lines = [f"{path}, line {line}: {what}" for line, what in sorted(set(mistakes))]
    if lines:
        raise BadInputError("\n".join(lines))


def repeated_keys(node: yaml.Node) -> Iterator[tuple[int, str]]:
    """Yield each key that stands twice in one mapping: YAML would silently take the last."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if str(key.value) in seen:
                yield line_of_node(key), f"'{key.value}' is there twice"
            seen.add(str(key.value))
            yield from repeated_keys(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from repeated_keys(value)


def line_of(root: yaml.Node, where: Collection[int | str]) -> int:
    """Return the line of the deepest node that a location leads to."""
    node = root
    line = line_of_node(root)
    for step in where:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(step)), None)
            if found is None:
                break
            line, node = line_of_node(found[0]), found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = line_of_node(node)
    return line


def line_of_node(node: yaml.Node) -> int:
    """Return the line that a node begins on, counted from 1."""
    return int(node.start_mark.line) + 1


def in_words(mistake: Mapping[str, Any], *, page: str, hints: Mapping[str, str], hidden: bool) -> str:
    """Return a mistake as an officer understands it.

    Args:
        mistake: What pydantic says.
        page: The page of the documentation that has all fields.
        hints: What to write instead, by field.
        hidden: Whether the value must not be repeated, since it may be a secret.
    """
    where = [str(step) for step in mistake["loc"] if not isinstance(step, int)]
    name = f"'{where[-1]}'" if where else "the file"
    given = mistake.get("input")
    if isinstance(given, dict | list) or hidden:
        given = "not shown here"
    context = mistake.get("ctx", {})
    hint = hints.get(where[-1] if where else "", "write it another way")
    kind = str(mistake["type"])
    if kind.startswith("date"):
        return f"{name} is '{given}'; write a day as 2026-03-31"
    if kind == "string_type":
        return _NOT_TEXT.format(name=name, given=given)
    said = {
        "extra_forbidden": f"muniment knows no field {name}; {page} has all fields",
        "missing": f"{name} is missing",
        "enum": f"{name} is '{given}'; write {context.get('expected', 'one of the known words')}",
        "literal_error": f"{name} is '{given}'; write {context.get('expected', 'one of the known words')}",
        "value_error": str(context.get("error", mistake["msg"])),
        "string_pattern_mismatch": f"{name} is '{given}'; {hint}",
    }
    return said.get(kind, f"{name} is '{given}': {str(mistake['msg']).lower()}")


_NOT_TEXT: Final = '{name} is not text as it stands; put it in quotes: "{given}"'


_UNREADABLE: Final = (UnicodeDecodeError, yaml.reader.ReaderError)
_WORDS: Final = re.compile(r" '[^'<>]{2,}'")
"""Words of the file itself in what YAML says is wrong: the file may be another one, which holds secrets."""


def _yaml_mistake(path: Path, error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    line = "" if mark is None else f", line {mark.line + 1}"
    unread = "it is not text in UTF-8" if isinstance(error, _UNREADABLE) else "a value is not what it says"
    what = _WORDS.sub("", getattr(error, "problem", None) or unread)
    return f"{path}{line}: this is not YAML: {what}. Mind the spaces at the beginning of lines."
