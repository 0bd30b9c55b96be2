"""What is to be filed, as Arrow tables by partition: salts drawn, leaves taken, number given."""

import secrets
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

import pyarrow as pa

from muniment.adapters.delta.intake import Intake
from muniment.domain.evidence import SALT_BYTES, attachment_leaf, leaf
from muniment.ports import Filing
from schemas.arrow import RowKind
from schemas.errors import IntegrityError
from schemas.rows import binary_array, table_of

__all__ = ["Partition", "check_captures", "tables_of"]

Partition: TypeAlias = tuple[str, int]
"""A series and a year."""


def tables_of(
    intake: Intake, *, council: str, commit_no: int, at: datetime
) -> Iterator[tuple[Partition, pa.Table]]:
    """Yield the rows of one commit, by partition: each can be written while the next is made.

    Args:
        intake: What is to be filed.
        council: The council whose archive it is.
        commit_no: The number of the commit.
        at: The time of the commit; its year is that of the companions' partitions.
    """
    leaves: dict[str, list[bytes]] = {row.capture_id: [] for row in intake.captures}
    parts: defaultdict[Partition, list[Filing]] = defaultdict(list)
    for filing in intake.filings:
        parts[filing.series, filing.filed_at.year].append(filing)
    for (series, year), filings in parts.items():
        yield (str(series), year), _record_table(filings, council, commit_no, leaves)
    if intake.observations:
        yield (RowKind.OBSERVATION.value, at.year), _observations(intake, commit_no, leaves)
    if intake.attachments:
        yield (RowKind.ATTACHMENT.value, at.year), _attachments(intake, commit_no, leaves)
    if intake.captures:  # last: they tell the leaves of all the others
        yield (RowKind.CAPTURE.value, at.year), _captures(intake, commit_no, leaves)


def check_captures(intake: Intake) -> None:
    """Check that every exhibit's capture row comes with it.

    Raises:
        IntegrityError: One does not: no seal would cover what was kept from it.
    """
    # What is read again brings the salt of its first filing: its leaf stands in a capture row of long ago.
    named = {filing.capture_id for filing in intake.filings if filing.salt is None}
    named |= {row.capture_id for row in intake.attachments}
    pairs = zip(intake.proofs, intake.observations, strict=True)
    named.update(one.look.capture_id for proof, one in pairs if proof is not None)
    missing = named - {row.capture_id for row in intake.captures}
    if missing:
        raise IntegrityError(
            f"An exhibit of capture {min(missing)} came without its capture row: nothing was filed.",
            remedy="This is a fault of muniment: please report it.",
        )


def _record_table(
    filings: Sequence[Filing], council: str, commit_no: int, leaves: Mapping[str, list[bytes]]
) -> pa.Table:
    drawn = _salts(len(filings))
    salts = [filing.salt or new for filing, new in zip(filings, drawn, strict=True)]
    for salt, filing in zip(salts, filings, strict=True):
        if filing.salt is None:
            leaves[filing.capture_id].append(leaf(salt, filing.exhibit))
    given = {
        "council": pa.repeat(council, len(filings)),
        "salt": binary_array(salts),
        "commit_no": _numbers(commit_no, len(filings)),
    }
    return table_of(RowKind.RECORD, filings, given)


def _observations(intake: Intake, commit_no: int, leaves: Mapping[str, list[bytes]]) -> pa.Table:
    proofs = intake.proofs
    drawn = iter(_salts(sum(proof is not None for proof in proofs)))
    salts = [None if proof is None else next(drawn) for proof in proofs]
    for salt, proof, observation in zip(salts, proofs, intake.observations, strict=True):
        if salt is not None and proof is not None:
            leaves[observation.look.capture_id].append(leaf(salt, proof))
    given = {
        "header": pa.array([None if one is None else one.header for one in proofs], pa.binary()),
        "parts": pa.array([None if one is None else one.parts for one in proofs], pa.list_(pa.binary())),
        "salt": pa.array(salts, pa.binary()),
        "commit_no": _numbers(commit_no, len(proofs)),
    }
    return table_of(RowKind.OBSERVATION, intake.observations, given)


def _attachments(intake: Intake, commit_no: int, leaves: Mapping[str, list[bytes]]) -> pa.Table:
    salts = _salts(len(intake.attachments))
    for salt, row in zip(salts, intake.attachments, strict=True):
        leaves[row.capture_id].append(attachment_leaf(salt, row))
    given = {"salt": pa.array(salts, pa.binary()), "commit_no": _numbers(commit_no, len(salts))}
    return table_of(RowKind.ATTACHMENT, intake.attachments, given)


def _captures(intake: Intake, commit_no: int, leaves: Mapping[str, list[bytes]]) -> pa.Table:
    kept = [leaves[row.capture_id] for row in intake.captures]
    given = {
        "leaves": pa.array(kept, pa.list_(pa.binary())),
        "commit_no": _numbers(commit_no, len(kept)),
    }
    return table_of(RowKind.CAPTURE, intake.captures, given)


def _salts(count: int) -> list[bytes]:
    drawn = secrets.token_bytes(SALT_BYTES * count)
    return [drawn[start : start + SALT_BYTES] for start in range(0, len(drawn), SALT_BYTES)]


def _numbers(number: int, count: int) -> pa.Array:
    return pa.repeat(pa.scalar(number, pa.int64()), count)
