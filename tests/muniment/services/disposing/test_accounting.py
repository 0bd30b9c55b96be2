"""Why is it not held? Destroyed, being destroyed, held, or never seen: four different answers."""

from datetime import datetime

import pytest

from muniment.adapters.certificate_pdf import certificate_facts, certificate_pdf
from muniment.domain.disposal import Why
from muniment.domain.naming import may_mean
from muniment.services.accounting import Account, Found, why
from schemas.errors import BadInputError
from schemas.london import london_words
from tests.muniment.adapters.delta.council import COUNCIL
from tests.muniment.services.disposing.office import Office, ids


def asked(office: Office, what: str) -> Account:
    return why(COUNCIL, what, archive=office.archive, register=office.register)


def test_a_destroyed_record_is_answered_from_its_stub(office: Office) -> None:
    office.settle()
    office.kept |= dict.fromkeys(ids(2, 3, 4, 5, 6), Why.NOT_YET)
    run = office.approved()
    office.destroying.execute(run)

    told = asked(office, "https://www.facebook.com/ExampleBC/posts/1")

    assert (told.found, told.record_id) == (Found.DESTROYED, "facebook:1")
    assert told.stub is not None
    assert told.run is not None
    assert (told.stub.retention_class, told.run.certificate_no) == ("PUB-COMMENT", 1)
    assert asked(office, "facebook:2").found is Found.HELD
    assert asked(office, "facebook:77").found is Found.NEVER_HELD


def test_a_held_record_is_found_by_the_address_that_its_platform_gave_it(office: Office) -> None:
    office.settle()
    rows = [
        row
        for batch in office.archive.scan(series=["public"], columns=["record_id", "url"])
        for row in batch.to_pylist()
        if row["url"]
    ]

    assert rows
    assert [asked(office, row["url"]).record_id for row in rows] == [row["record_id"] for row in rows]


@pytest.mark.parametrize("nothing", ["", "  "])
def test_nothing_is_no_record_that_was_never_held(office: Office, nothing: str) -> None:
    with pytest.raises(BadInputError, match="No record is named"):
        asked(office, nothing)


@pytest.mark.parametrize(
    ("address", "record_id"),
    [
        ("https://x.com/ExampleBC/status/1790123", "x:1790123"),
        ("https://twitter.com/ExampleBC/status/1790123?s=20", "x:1790123"),
        ("https://www.facebook.com/permalink.php?story_fbid=99&id=1", "facebook:99"),
        ("https://www.facebook.com/ExampleBC/posts/12?comment_id=34", "facebook:34"),
        ("https://bsky.app/profile/did:plc:abc/post/3k2", "at://did:plc:abc/app.bsky.feed.post/3k2"),
        ("x:1790123", "x:1790123"),
    ],
)
def test_an_address_means_what_its_platform_makes_of_it(address: str, record_id: str) -> None:
    assert may_mean(address)[-1] == record_id


def test_the_pdf_says_what_was_signed_and_is_the_same_each_time(office: Office) -> None:
    office.settle()
    run = office.approved()
    office.destroying.execute(run)
    told, raw = office.certifying.read(run), office.certifying.signed_file(run)
    pdf = certificate_pdf(told, raw)
    assert pdf.startswith(b"%PDF")
    assert pdf == certificate_pdf(told, raw)
    facts = dict(certificate_facts(told, raw))
    assert facts["Certified"] == london_words(datetime.fromisoformat(told["certified_at"]))
    assert facts["Certificate before this"] == "none: it is the first"
