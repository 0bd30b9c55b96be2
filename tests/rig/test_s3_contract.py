"""Archive and media store keep their promises in a bucket too: the same tests as on a local disk."""

from pathlib import Path
from types import ModuleType

import pytest

from muniment.adapters.s3.media import S3MediaStore
from tests.muniment.adapters import test_local_media
from tests.muniment.adapters.delta import test_erasing, test_keep, test_reading
from tests.muniment.adapters.delta.council import Town
from tests.rig.s3_server import PLACE, S3Bucket, s3_town

pytestmark = pytest.mark.rig

_OF_A_DISK = {
    # they look at files, or make a disk of their own: of a bucket, test_s3_archive.py promises it
    "test_compaction_merges_small_files_and_leaves_no_file_behind",
    "test_compaction_seals_before_and_after_it_takes_files_away",
    "test_a_reader_with_an_old_handle_opens_again_once",
    "test_a_file_that_is_really_gone_is_an_integrity_error",
    "test_a_file_that_is_damaged_is_an_integrity_error",
    "test_a_reader_beside_keeps_and_compactions_sees_each_record_once",
    "test_other_programs_open_the_table",
    "test_other_programs_read_the_same",
    "test_the_log_holds_counts_and_the_runs_name_never_an_id",
    "test_the_engine_and_file_by_file_find_the_same_rows",
    "test_nothing_of_it_is_left_and_the_archive_says_so",
    "test_a_full_disk_erases_nothing",
    "test_killed_at_any_moment_it_is_before_or_after_and_the_run_finishes_it",
    "test_the_order_and_the_portions_of_erasures_do_not_matter",
    "test_an_object_is_named_by_the_digest_of_its_bytes",
    "test_the_sweep_spares_what_a_living_process_receives",
}


def _promises(module: ModuleType) -> dict[str, object]:
    return {
        name: test
        for name, test in vars(module).items()
        if name.startswith("test_") and name not in _OF_A_DISK
    }


globals().update(_promises(test_keep) | _promises(test_reading) | _promises(test_erasing))
globals().update(_promises(test_local_media))


@pytest.fixture(params=["versions", "plain"])
def bucket(request: pytest.FixtureRequest) -> S3Bucket:
    found: S3Bucket = request.getfixturevalue("s3_bucket" if request.param == "versions" else "plain_bucket")
    return found


@pytest.fixture
def borough(s3_bucket: S3Bucket, tmp_path: Path) -> Town:
    return s3_town(s3_bucket, tmp_path / "spool")


@pytest.fixture
def store(bucket: S3Bucket, tmp_path: Path) -> S3MediaStore:
    return S3MediaStore(PLACE, bucket.files(), spool=tmp_path)
