"""Flip any bit of any sealed file: verification names the file. Remove one, add one: the same."""

import hashlib
import random
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from muniment.bootstrap.council import CouncilServices
from muniment.domain.evidence import seal_body, seal_file, seal_from
from tests.flows.council import Stage
from tests.muniment.evidence.archived import archive, archived, opened, verdict

FLIPS = 12


@pytest.fixture(scope="module")
def council(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stage, CouncilServices]]:
    with archived(tmp_path_factory.mktemp("unaltered")) as made:
        yield made


def files(services: CouncilServices, pattern: str) -> list[Path]:
    return sorted(path for path in services.root.glob(pattern) if path.is_file())


def flipped(path: Path, rng: random.Random) -> bytes:
    raw = bytearray(path.read_bytes())
    bit = rng.randrange(len(raw) * 8)
    raw[bit // 8] ^= 1 << (bit % 8)
    return bytes(raw)


def test_what_was_archived_is_unaltered(council: tuple[Stage, CouncilServices]) -> None:
    _, services = council
    found = verdict(services)
    assert (found.faults, found.not_yet_sealed) == ((), 0)
    assert found.exhibits >= 20
    assert found.media_files >= 1


@pytest.mark.parametrize(
    "pattern", ["table/series=*/**/*.parquet", "table/_delta_log/*.json", "seals/*.seal", "objects/**/*"]
)
def test_a_bit_flipped_anywhere_names_the_file(council: tuple[Stage, CouncilServices], pattern: str) -> None:
    _, services = council
    rng = random.Random(pattern)  # noqa: S311 -- which bit, not a secret
    found = files(services, pattern)
    assert found
    for _ in range(FLIPS):
        path = rng.choice(found)
        before = path.read_bytes()
        path.write_bytes(flipped(path, rng))
        try:
            faults = verdict(services).faults
            assert faults
            assert faults[0].what == str(path.relative_to(services.root)), faults[0]
        finally:
            path.write_bytes(before)
    assert verdict(services).faults == ()


def test_a_file_that_is_missing_or_strange_is_named(council: tuple[Stage, CouncilServices]) -> None:
    _, services = council
    path = files(services, "table/series=*/**/*.parquet")[0]
    hidden = services.root / "aside"
    path.rename(hidden)
    assert path.name in verdict(services).faults[0].what
    hidden.rename(path)
    strange = path.with_name("part-strange.parquet")
    strange.write_bytes(path.read_bytes())
    assert "part-strange" in verdict(services).faults[0].what
    strange.unlink()
    assert verdict(services).faults == ()


def test_a_seal_taken_out_of_the_chain_is_seen(tmp_path: Path) -> None:
    with archived(tmp_path) as (stage, services):
        council = stage.world.find_account("facebook", "smalltown")
        assert council is not None
        stage.world.post(council, "Later")
        stage.world.clock.wait(3600)
        with opened(stage) as later:
            archive(later)
        first, second = files(services, "seals/*.seal")[:2]
        assert verdict(services).faults == ()
        first.unlink()
        assert "does not follow" in verdict(services).faults[0].why
        second.rename(first)
        assert "does not follow" in verdict(services).faults[0].why


def test_compaction_keeps_every_proof(tmp_path: Path) -> None:
    with archived(tmp_path) as (_, services):
        assert services.archive.compact() > 0
        services.seals.seal()
        found = verdict(services)
        assert (found.faults, found.not_yet_sealed) == ((), 0)


def test_who_holds_the_key_cannot_put_another_seal_before_one_that_stands(tmp_path: Path) -> None:
    """Each seal names the one before it: another past would need every later seal, and its stamps, anew."""
    with archived(tmp_path) as (stage, services):
        (account,) = stage.world.accounts("facebook", owned=True)
        stage.world.post(account, "Said the day after")
        stage.world.clock.wait(86_400)
        with opened(stage) as again:
            archive(again)
        first, *later = files(services, "seals/*.seal")
        assert later
        forged = replace(seal_from(first.read_bytes()), sealed_at=datetime(2020, 1, 1, tzinfo=UTC))
        signature = services.process.seal_key.sign(seal_body(forged))
        first.chmod(0o600)
        first.write_bytes(seal_file(replace(forged, signature=signature)))
        found = verdict(services).faults[0]
    assert (found.what, found.why) == (f"seals/{later[0].name}", "does not follow the seal before it")


def test_a_fetched_files_row_that_was_altered_is_named_though_it_was_sealed_anew(tmp_path: Path) -> None:
    with archived(tmp_path) as (_, services):
        path = files(services, "table/series=attachment/**/*.parquet")[0]
        rows = pq.ParquetFile(path).read()
        swapped = pa.array([bytes(32)] * rows.num_rows, rows.schema.field("version_id").type)
        at = rows.schema.get_field_index("version_id")
        pq.write_table(rows.set_column(at, rows.schema.field("version_id"), swapped), path)
        named = [one for one in files(services, "table/_delta_log/*.json") if path.name in one.read_text()]
        log = named[0].read_text()
        size = re.search(f'{re.escape(path.name)}.*?"size":([0-9]+)', log)
        assert size is not None
        start, end = size.span(1)
        named[0].write_text(f"{log[:start]}{path.stat().st_size}{log[end:]}")
        (sealed,) = files(services, "seals/*.seal")
        seal = seal_from(sealed.read_bytes())
        digests = {one.name: hashlib.sha256(one.read_bytes()).hexdigest() for one in (path, named[0])}
        added = {name: digests.get(Path(name).name, digest) for name, digest in seal.added.items()}
        forged = replace(seal, added=added)
        signature = services.process.seal_key.sign(seal_body(forged))
        sealed.chmod(0o600)
        sealed.write_bytes(seal_file(replace(forged, signature=signature)))
        found = verdict(services).faults[0]
    assert found.what.startswith("attachment of record ")
    assert found.why == "is not what was captured"


@pytest.mark.parametrize(
    ("damage", "what", "why"),
    [
        ("DELETE FROM presence", "record ", "was seen, and the register's presence has lost it"),
        ("UPDATE ledger SET captured = captured + 1", "ledger of ", "does not add up"),
    ],
)
def test_a_register_that_lost_what_it_knew_is_named(tmp_path: Path, damage: str, what: str, why: str) -> None:
    with archived(tmp_path) as (_, services):
        with (
            closing(sqlite3.connect(services.process.settings.home / "register.sqlite")) as register,
            register,
        ):
            register.execute(damage)
        found = verdict(services).faults[0]
    assert found.what.startswith(what)
    assert found.why == why
