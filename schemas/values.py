"""Values that are made by the million: frozen all the same, and made in half the time.

A frozen dataclass sets each field through `object.__setattr__`, since its own refuses; a record of 17 fields
spends more on that than on being read. `swift` gives such a class another `__init__`: the new value is for a
moment of a twin class with the same slots that refuses nothing, is filled, and becomes what it was called.
Nothing else of the class changes: fields, equality, `replace`, pickling, and that nobody can set a field.
"""

from dataclasses import MISSING, fields
from typing import Any, TypeVar

__all__ = ["swift"]

Value = TypeVar("Value")


def swift(cls: type[Value]) -> type[Value]:
    """Give a frozen, slotted, keyword-only dataclass a swift `__init__`; put it above `@dataclass`.

    Raises:
        TypeError: The class has a base, a `__post_init__` or a default that is made anew each time.
    """
    told = fields(cls)  # type: ignore[arg-type]  # a dataclass, or fields() raises
    if cls.__bases__ != (object,) or hasattr(cls, "__post_init__"):
        raise TypeError(f"{cls.__name__} does more than hold values")
    if any(one.default_factory is not MISSING for one in told):
        raise TypeError(f"{cls.__name__} makes a default anew")
    twin = type(f"_Open{cls.__name__}", (object,), {"__slots__": tuple(one.name for one in told)})
    known: dict[str, Any] = {"_set": object.__setattr__, "_twin": twin, "_cls": cls}
    known |= {f"_default_{one.name}": one.default for one in told if one.default is not MISSING}
    wanted = [one.name if one.default is MISSING else f"{one.name}=_default_{one.name}" for one in told]
    lines = [
        f"def __init__(self, *, {', '.join(wanted)}):",
        "    _set(self, '__class__', _twin)",
        *(f"    self.{one.name} = {one.name}" for one in told),
        "    self.__class__ = _cls",
    ]
    exec("\n".join(lines), known)  # noqa: S102  # as dataclasses makes it: of field names, which are no text
    made = known["__init__"]
    made.__qualname__, made.__annotations__ = f"{cls.__qualname__}.__init__", cls.__init__.__annotations__
    cls.__init__ = made  # type: ignore[method-assign]  # that is the point
    return cls
