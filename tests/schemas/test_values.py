"""A swift value is an ordinary frozen dataclass in everything but the time it takes to make."""

import pickle
from dataclasses import dataclass, field, fields, is_dataclass, replace

import pytest

from schemas.values import swift


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    name: str
    count: int = 3


@swift
@dataclass(frozen=True, slots=True, kw_only=True)
class Swift:
    name: str
    count: int = 3


def test_it_holds_compares_and_shows_as_any_dataclass_does() -> None:
    value = Swift(name="a")
    assert (value.name, value.count) == ("a", 3)
    assert value == Swift(name="a", count=3)
    assert value != Swift(name="b")
    assert hash(value) == hash(Swift(name="a"))
    assert repr(value) == repr(Plain(name="a")).replace("Plain", "Swift")
    assert type(value) is Swift
    assert is_dataclass(value)
    assert [one.name for one in fields(value)] == ["name", "count"]
    assert replace(value, count=4) == Swift(name="a", count=4)
    assert pickle.loads(pickle.dumps(value)) == value  # noqa: S301  # our own


def test_nobody_can_set_or_take_away_a_field() -> None:
    value = Swift(name="a")
    with pytest.raises(AttributeError):
        value.name = "b"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        del value.name
    with pytest.raises((AttributeError, TypeError)):
        value.other = "b"  # type: ignore[attr-defined]


def test_a_missing_or_unknown_field_is_refused() -> None:
    with pytest.raises(TypeError):
        Swift()  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Swift(name="a", size=3)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Swift("a")  # type: ignore[call-arg]


def test_a_class_that_does_more_than_hold_values_is_refused() -> None:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Checked:
        name: str

        def __post_init__(self) -> None:
            raise ValueError(self.name)

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Anew:
        names: list[str] = field(default_factory=list)

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Heir(Plain):
        size: int

    for each in (Checked, Anew, Heir):
        with pytest.raises(TypeError):
            swift(each)
