"""MUNIMENT_STORE: a bucket and a place in it, never in the clear over a network."""

import pytest

from muniment.settings import from_environment
from schemas.errors import BadInputError


def test_without_it_archives_lie_on_the_local_disk() -> None:
    assert from_environment({}).store is None
    assert from_environment({"MUNIMENT_STORE": ""}).store is None


def test_a_bucket_and_a_prefix_are_read_and_ten_years_of_locking_are_the_default() -> None:
    store = from_environment({"MUNIMENT_STORE": "s3://records-anytown/muniment/live/"}).store
    assert store is not None
    assert (store.bucket, store.prefix, store.endpoint, store.region) == (
        "records-anytown",
        "muniment/live",
        None,
        None,
    )
    assert store.evidence_lock_days == 3653


@pytest.mark.parametrize(
    "address",
    [
        "records",
        "s3://records",
        "s3://records/",
        "s3://Records/x",
        "s3://re/x",
        "s3://records/../x",
        "s3://records/a/./b",
        "s3://records/a b",
        "s3://records//a",
        "https://records.example/x",
    ],
)
def test_what_is_no_place_in_a_bucket_is_refused(address: str) -> None:
    with pytest.raises(BadInputError, match="no place in a bucket"):
        from_environment({"MUNIMENT_STORE": address})


@pytest.mark.parametrize(
    ("endpoint", "taken"),
    [
        ("https://s3.example.gov.uk", True),
        ("http://127.0.0.1:7070", True),
        ("http://localhost:7070", True),
        ("http://s3.example.gov.uk", False),
        ("s3.example.gov.uk", False),
    ],
)
def test_records_never_travel_in_the_clear_over_a_network(endpoint: str, *, taken: bool) -> None:
    given = {"MUNIMENT_STORE": "s3://records/x", "MUNIMENT_STORE_ENDPOINT": endpoint}
    if taken:
        store = from_environment(given).store
        assert store is not None
        assert store.endpoint == endpoint
    else:
        with pytest.raises(BadInputError, match="https"):
            from_environment(given)


@pytest.mark.parametrize("days", ["ten", "-1", "1.5"])
def test_days_of_locking_are_a_whole_number(days: str) -> None:
    with pytest.raises(BadInputError, match="MUNIMENT_EVIDENCE_LOCK_DAYS"):
        from_environment({"MUNIMENT_STORE": "s3://records/x", "MUNIMENT_EVIDENCE_LOCK_DAYS": days})
