"""Checks requests and replies of XRPC against the lexicons: names, types, bounds; nothing may be invented."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["Lexicons"]

TYPES = {"string": str, "integer": int, "boolean": bool}


class Lexicons:
    """All lexicons below a folder."""

    def __init__(self, folder: Path) -> None:
        told = (json.loads(path.read_text()) for path in folder.rglob("*.json"))
        self.docs = {each["id"]: each["defs"] for each in told}

    def reply(self, nsid: str, value: Any) -> list[str]:
        """Return what is wrong with a method's answer."""
        return list(self._walk(self.docs[nsid]["main"]["output"]["schema"], value, nsid, ""))

    def request(self, nsid: str, query: Mapping[str, Sequence[str]]) -> list[str]:
        """Return what is wrong with a method's parameters."""
        spec = self.docs[nsid]["main"]["parameters"]
        wrong = [f"{name}: missing" for name in spec.get("required", []) if name not in query]
        for name, values in query.items():
            told = spec["properties"].get(name)
            if told is None:
                wrong.append(f"{name}: no such parameter")
            elif told["type"] == "array":
                wrong += self._walk(told, list(values), nsid, name)
            elif len(values) != 1:
                wrong.append(f"{name}: given {len(values)} times")
            else:
                value: Any = int(values[0]) if told["type"] == "integer" else values[0]
                wrong += self._walk(told, value, nsid, name)
        return wrong

    def _walk(self, spec: Mapping[str, Any], value: Any, here: str, at: str) -> Iterator[str]:
        match spec["type"]:
            case "ref":
                yield from self._named(spec["ref"], value, here, at)
            case "union":
                yield from self._union(spec, value, here, at)
            case "object" | "record":
                yield from self._object(spec.get("record", spec), value, here, at)
            case "array":
                yield from self._array(spec, value, here, at)
            case "unknown":
                if isinstance(value, dict) and "$type" in value:
                    yield from self._named(value["$type"], value, here, at)
            case "blob":
                if value.get("$type") != "blob" or not {"ref", "mimeType", "size"} <= value.keys():
                    yield f"{at}: no blob"
            case kind if kind in TYPES:
                yield from self._scalar(spec, value, at)

    def _scalar(self, spec: Mapping[str, Any], value: Any, at: str) -> Iterator[str]:
        kind = spec["type"]
        if not isinstance(value, TYPES[kind]) or (kind == "integer" and isinstance(value, bool)):
            yield f"{at}: not {kind}"
        elif kind == "integer" and not spec.get("minimum", value) <= value <= spec.get("maximum", value):
            yield f"{at}: {value} out of bounds"
        elif kind == "string" and len(str(value).encode()) > spec.get("maxLength", 1 << 30):
            yield f"{at}: too long"

    def _named(self, ref: str, value: Any, here: str, at: str) -> Iterator[str]:
        nsid, _, name = ref.partition("#")
        nsid = nsid or here
        yield from self._walk(self.docs[nsid][name or "main"], value, nsid, at)

    def _union(self, spec: Mapping[str, Any], value: Any, here: str, at: str) -> Iterator[str]:
        name = value.get("$type") if isinstance(value, dict) else None
        if name is None:
            yield f"{at}: union without $type"
            return
        allowed = {ref if ref[0] != "#" else here + ref for ref in spec["refs"]}
        if name not in allowed:
            yield f"{at}: {name} is none of the union"
            return
        yield from self._named(name, value, here, at)

    def _object(self, spec: Mapping[str, Any], value: Any, here: str, at: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{at}: not an object"
            return
        known = spec.get("properties", {})
        yield from (f"{at}/{name}: missing" for name in spec.get("required", []) if name not in value)
        yield from (f"{at}/{name}: invented" for name in value.keys() - known.keys() - {"$type"})
        for name in known.keys() & value.keys():
            if not (value[name] is None and name in spec.get("nullable", [])):
                yield from self._walk(known[name], value[name], here, f"{at}/{name}")

    def _array(self, spec: Mapping[str, Any], value: Any, here: str, at: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield f"{at}: not an array"
            return
        if len(value) > spec.get("maxLength", len(value)):
            yield f"{at}: longer than {spec['maxLength']}"
        for number, item in enumerate(value):
            yield from self._walk(spec["items"], item, here, f"{at}/{number}")
