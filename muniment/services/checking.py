"""What every act that a person does is held against before anything is written."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from schemas.counted import counted
from schemas.errors import BadInputError

__all__ = [
    "check_held",
    "check_name",
    "check_person",
    "check_reason",
    "check_until",
    "one_of",
    "refuse_unknown",
]

_NAME: Final = re.compile(r"[^\W_][\w .'&/-]{0,79}")  # letters of every language: Tŷ Cymunedol is a team
_LONGEST_REASON: Final = 4_000
_LONGEST_PERSON: Final = 256


def check_reason(reason: str) -> None:
    """Refuse an act without a reason.

    Raises:
        BadInputError: It is empty, or as long as a document.
    """
    if not reason.strip():
        raise BadInputError("The reason is missing: it is read years later.", remedy="Give --reason.")
    if len(reason) > _LONGEST_REASON:
        raise BadInputError(
            f"The reason has {len(reason):,} letters, and {_LONGEST_REASON:,} are the most.",
            remedy="Write the gist, and where the document is filed.",
        )


def check_person(person: str) -> None:
    """Refuse a name by which nobody signs in to a machine.

    Raises:
        BadInputError: It is empty or too long, has a blank at an end, or what cannot be printed.
    """
    if not person.isprintable() or person != person.strip() or not 0 < len(person) <= _LONGEST_PERSON:
        raise BadInputError(
            f"Nobody signs in as '{person}'.",
            remedy="Write the name with which the person signs in to the machine.",
        )


def check_name(name: str) -> None:
    """Refuse a name of a window, a case or a team that could not be typed again.

    Raises:
        BadInputError: It has other signs in it, or is too long.
    """
    if not _NAME.fullmatch(name):
        raise BadInputError(
            f"'{name}' cannot be a name.",
            remedy="Write letters, digits, spaces and . ' & _ / -, 80 at most.",
        )


def check_until(until_on: date | None, today: date) -> None:
    """Refuse to keep a record until a day that is past: a slip of the pen would keep it no longer.

    Raises:
        BadInputError: The day is not still to come.
    """
    if until_on is not None and until_on <= today:
        raise BadInputError(
            "A record is extended to a day that is still to come.", remedy="Give a later --until."
        )


def one_of(name: str, known: Sequence[str], what: str, remedy: str) -> None:
    """Refuse a name that nothing has.

    Raises:
        BadInputError: It is not among those known.
    """
    if name not in known:
        raise BadInputError(f"There is no {what} {name}.", remedy=remedy)


def check_held(records: pa.Table, names: Sequence[str], *, column: str = "record_id") -> None:
    """Refuse ids of records or threads that the archive does not hold.

    Raises:
        BadInputError: One is not among `records` (`domain.holdings`).
    """
    there = pc.is_in(pa.array(names, pa.string()), records[column].cast(pa.string()).combine_chunks())
    refuse_unknown(there.to_pylist())


def refuse_unknown(there: Sequence[bool]) -> None:
    """Refuse ids that the archive does not hold, by where they stand among those that were given.

    What was given is not shown: behind `sudo` it may be any file that muniment's own user can read.

    Raises:
        BadInputError: One is not there.
    """
    if all(there):
        return
    raise BadInputError(
        f"The archive does not hold {there.count(False):,} of the {counted(len(there), 'id')} given; "
        f"the first is number {there.index(False) + 1:,}.",
        remedy="Take record ids from `muniment search` or its CSV.",
    )
