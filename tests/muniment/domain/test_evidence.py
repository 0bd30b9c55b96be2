"""Leaves, roots, paths and seals: one bit more or less is another thing."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muniment.check_proof import root_of
from muniment.domain.evidence import (
    NO_SEAL,
    MerkleTree,
    Seal,
    leaf,
    merkle_root,
    seal_digest,
    seal_file,
    seal_from,
)
from schemas.capture import Exhibit

SEAL = Seal(
    council="anytown",
    number=1,
    previous=NO_SEAL,
    first_commit=1,
    last_commit=4,
    log_version=4,
    sealed_at=datetime(2026, 3, 2, 9, tzinfo=UTC),
    sandbox_clock=False,
    added={"series=own/year=2026/part-1.parquet": "ab" * 32},
    removed={},
    leaves=2,
    root=bytes(32),
    audit_head=bytes(32),
    public_key=bytes(32),
    signature=bytes(64),
)
digests = st.binary(min_size=32, max_size=32)


@given(st.sets(digests, min_size=1, max_size=40))
def test_every_leaf_leads_to_the_root_by_the_strangers_script(leaves: set[bytes]) -> None:
    root = merkle_root(leaves)
    for one in leaves:
        path = [[side, beside.hex()] for side, beside in MerkleTree(leaves).path(one)]
        assert root_of(one, path) == root


@given(st.sets(digests, min_size=1, max_size=20), digests)
def test_another_leaf_is_another_root(leaves: set[bytes], other: bytes) -> None:
    if other not in leaves:
        assert merkle_root(leaves) != merkle_root(leaves | {other})


@given(st.lists(st.binary(max_size=20), max_size=4), st.lists(st.binary(max_size=20), max_size=4))
def test_pieces_never_run_into_each_other(first: list[bytes], second: list[bytes]) -> None:
    salt = bytes(32)
    one = leaf(salt, Exhibit(record_id="r", header=b"", parts=tuple(first)))
    two = leaf(salt, Exhibit(record_id="r", header=b"", parts=tuple(second)))
    assert (one == two) == (first == second)


def test_a_seal_reads_back_as_it_was_written() -> None:
    assert seal_from(seal_file(SEAL)) == SEAL


@given(st.integers(min_value=0))
def test_a_bit_flipped_in_a_seals_file_is_seen(where: int) -> None:
    raw = bytearray(seal_file(SEAL))
    bit = where % (len(raw) * 8)
    raw[bit // 8] ^= 1 << (bit % 8)
    try:
        changed = seal_from(bytes(raw))
    except ValueError:
        return
    # It still reads as some seal: then its words or its signature are others, which the signature tells.
    assert changed != SEAL
    assert (seal_digest(changed), changed.signature) != (seal_digest(SEAL), SEAL.signature)


def test_what_is_no_seal_is_refused() -> None:
    with pytest.raises(ValueError, match="not a seal"):
        seal_from(b"{}\n00\n")
    with pytest.raises(ValueError, match="not a seal"):
        seal_from(seal_file(SEAL) + b" ")


def test_the_chain_hangs_on_every_word() -> None:
    assert seal_digest(SEAL) != seal_digest(replace(SEAL, leaves=3))
