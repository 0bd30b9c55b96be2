"""A council archived into a bucket from start to end: captured, sealed, verified, found, indexed anew."""

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from muniment.bootstrap.council import CouncilServices
from muniment.services.indexing import rebuild
from schemas.errors import StorageError
from tests.flows.council import Stage, small_council
from tests.muniment.evidence.archived import archive, archived, opened, verdict
from tests.rig.s3_server import S3Bucket

pytestmark = pytest.mark.rig

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture
def council(s3_bucket: S3Bucket, tmp_path: Path) -> Iterator[tuple[Stage, CouncilServices]]:
    with archived(tmp_path, **s3_bucket.settings()) as made:
        yield made


def on_disk(bucket: S3Bucket, pattern: str) -> list[Path]:
    """Return the newest versions that match, as they lie on the server's disk."""
    root = bucket.folder / "data" / bucket.name / "records" / "smalltown"
    return sorted(path for path in root.glob(pattern) if path.is_file())


def test_what_was_archived_is_unaltered_and_only_its_spool_is_on_this_disk(
    council: tuple[Stage, CouncilServices], s3_bucket: S3Bucket
) -> None:
    stage, services = council
    found = verdict(services)
    assert (found.faults, found.not_yet_sealed) == ((), 0)
    assert found.exhibits >= 20
    assert found.media_files >= 1
    assert on_disk(s3_bucket, "table/series=*/**/*.parquet")
    kept = [path for path in stage.home.rglob("*") if path.is_file() and "archive" in path.parts]
    assert {path.name for path in kept} <= {"alive"}


@pytest.mark.parametrize(
    "pattern", ["table/series=*/**/*.parquet", "table/_delta_log/*.json", "seals/*.seal", "objects/**/*"]
)
def test_a_bit_flipped_on_the_servers_disk_names_the_file(
    council: tuple[Stage, CouncilServices], s3_bucket: S3Bucket, pattern: str
) -> None:
    _, services = council
    rng = random.Random(pattern)  # noqa: S311 -- which bit, not a secret
    path = rng.choice(on_disk(s3_bucket, pattern))
    raw = bytearray(path.read_bytes())
    bit = rng.randrange(len(raw) * 8)
    raw[bit // 8] ^= 1 << (bit % 8)
    path.write_bytes(bytes(raw))

    faults = verdict(services).faults

    assert path.name[-20:] in faults[0].what


def test_compaction_keeps_every_proof_and_a_whole_index_is_built_from_the_bucket(
    council: tuple[Stage, CouncilServices],
) -> None:
    _, services = council
    index = services.process.index
    before = index.watermark(services.name)
    assert services.archive.compact() > 0
    services.archive.maintain()
    services.seals.seal()
    found = verdict(services)
    assert (found.faults, found.not_yet_sealed) == ((), 0)

    rebuild(services.archive, index, services.name)

    assert index.watermark(services.name) == before == services.archive.commit_no()


def test_seals_are_locked_and_records_are_not(
    council: tuple[Stage, CouncilServices], s3_bucket: S3Bucket
) -> None:
    _, services = council
    files = s3_bucket.files()
    seals = [path for path, _ in files.walk(services.place / "seals")]
    assert seals
    with pytest.raises(StorageError, match="AccessDenied"):
        files.remove(seals[0])
    tables = [path for path, _ in files.walk(services.place / "table")]
    assert files.remove_all(tables) == len(tables)


def test_a_later_run_adds_what_is_new_and_nothing_twice(
    council: tuple[Stage, CouncilServices], s3_bucket: S3Bucket
) -> None:
    stage, services = council
    account = stage.world.find_account("facebook", "smalltown")
    assert account is not None
    stage.world.post(account, "Later")
    stage.world.clock.wait(3600)
    before = services.archive.stat().rows

    with opened(stage, **s3_bucket.settings()) as later:
        archive(later)
        after = later.archive.stat().rows
        found = verdict(later)

    assert after["own"] == before["own"] + 1
    assert (found.faults, found.not_yet_sealed) == ((), 0)


def test_an_archive_copied_to_another_bucket_is_unaltered_and_goes_on_there(
    council: tuple[Stage, CouncilServices], s3_bucket: S3Bucket, plain_bucket: S3Bucket
) -> None:
    stage, services = council
    source, target = s3_bucket.open(), plain_bucket.open()
    for one in source.listed("records/"):
        target.put(one.key, source.get(one.key).body)

    account = stage.world.find_account("facebook", "smalltown")
    assert account is not None
    stage.world.post(account, "Later")
    stage.world.clock.wait(3600)

    with opened(stage, **plain_bucket.settings()) as restored:
        assert verdict(restored).faults == ()
        archive(restored)
        assert restored.archive.commit_no() > services.archive.commit_no()
        found = verdict(restored)
    assert (found.faults, found.not_yet_sealed) == ((), 0)


@pytest.mark.timeout(600)  # eight commands, each in a process of its own
def test_the_commands_do_it_too(s3_bucket: S3Bucket, tmp_path: Path) -> None:
    with small_council(tmp_path) as stage:

        def run(*arguments: str, code: int = 0) -> str:
            done = subprocess.run(
                [sys.executable, "-m", "muniment", *arguments],
                env={**stage.environment(), **s3_bucket.settings()},
                cwd=CHECKOUT,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == code, done.stdout + done.stderr
            return done.stdout

        stage.world.clock.wait(3600)
        run("archive", "--yes")
        assert "Unaltered" in run("verify")
        assert "10 records" in run("search", "bins")
        assert f"s3://{s3_bucket.name}/records/smalltown" in run("store", "stat")
        run("store", "compact")
        run("reindex", "--whole")
        assert "10 records" in run("search", "bins")
        assert "Unaltered" in run("verify")
