"""Schema drift: a reply whose fields are renamed, retyped, dropped or joined by new ones, at every depth."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from conformance.knobs import Drift
    from conformance.wire import Json

__all__ = ["drifted"]

RETYPE: dict[str, Callable[[Json], Json]] = {
    "int": lambda value: int(value) if str(value).isdigit() else len(str(value)),
    "str": str,
    "list": lambda value: [value],
    "object": lambda value: {"value": value},
    "null": lambda _: None,
}


def drifted(body: Json, changes: Sequence[Drift]) -> Json:
    """Return the body as a platform would send it after these undeclared changes."""
    for change in changes:
        body = _changed(body, change)
    return body


def _changed(value: Json, change: Drift) -> Json:
    if isinstance(value, list):
        return [_changed(each, change) for each in value]
    if not isinstance(value, dict):
        return value
    out: dict[str, Json] = {}
    for key, inner in value.items():
        told = _changed(inner, change)
        if key != change.field:
            out[key] = told
        elif not change.drop:
            out[change.to or key] = RETYPE[change.retype](told) if change.retype else told
    return {**out, **change.add} if change.field in value else out
