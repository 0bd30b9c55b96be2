"""A digest rule finds the same values in plain JSON and in a shape that was decoded for it."""

import msgspec
import pytest

from schemas.digests import Field, version


class Shape(msgspec.Struct):
    message: str | msgspec.UnsetType | None = msgspec.UNSET
    pictures: list[dict[str, str]] | msgspec.UnsetType = msgspec.UNSET


RULE = {
    "live": (
        Field(name="message", paths=((0, "message"),), absent_is_null=False),
        Field(name="pictures", paths=((0, "pictures", "*", "id"),)),
    )
}


@pytest.mark.parametrize(
    "told",
    [b"{}", b'{"message":null}', b'{"message":"a"}', b'{"pictures":[{"id":"1"},{}]}', b'{"pictures":[]}'],
)
def test_a_shape_gives_the_version_of_its_json(told: bytes) -> None:
    shape = msgspec.json.decode(told, type=Shape)
    assert version(RULE, "live", (shape,)) == version(RULE, "live", (msgspec.json.decode(told),))


def test_a_field_that_a_shape_leaves_out_is_a_fault_and_never_an_edit() -> None:
    rule = {"live": (Field(name="poll", paths=((0, "poll"),)),)}
    with pytest.raises(AttributeError):
        version(rule, "live", (Shape(),))
