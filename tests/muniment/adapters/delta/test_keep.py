"""What `keep` promises: one atomic numbered commit of what is new; twice is once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from muniment.domain.evidence import attachment_leaf, leaf
from muniment.ports import Batch, Kept
from schemas.errors import IntegrityError, WriteConflictError
from schemas.rows import attachments_from, captures_from, observations_from, records_from
from schemas.vocabulary import Answer, Series, Stream
from tests.muniment.adapters.delta.council import START, Said, Town, batch_of, capture_row, rows

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def states(borough: Town) -> list[object]:
    found = sorted(rows(borough.archive, "observation"), key=lambda row: row["commit_no"])
    return [row["state"] for row in found]


def test_what_is_kept_reads_back_as_it_was_captured(borough: Town) -> None:
    said = Said(number=1, text="Glass was left on Mill Lane.", likes=3)

    borough.archive.keep(batch_of(said))

    (batch,) = borough.archive.scan(series=["public"])
    (found,) = records_from(batch)
    assert found.record == said.filing().record
    assert found.exhibit == said.exhibit
    assert (found.version_id, found.series, found.commit_no) == (said.version_id, Series.PUBLIC, 1)
    (batch,) = borough.archive.scan(series=["observation"])
    (observation,) = observations_from(batch)
    assert observation.look == said.sighting().look
    assert (observation.series, observation.version_id) == (Series.PUBLIC, said.version_id)


def test_commits_are_numbered_from_one_without_a_gap(borough: Town) -> None:
    numbers = [borough.archive.keep(batch_of(Said(number=number))).commit_no for number in range(1, 4)]

    assert numbers == [1, 2, 3]
    assert borough.archive.commit_no() == 3


def test_keeping_twice_is_keeping_once(borough: Town) -> None:
    batch = batch_of(Said(number=1), Said(number=2))
    first = borough.archive.keep(batch)

    again = borough.archive.keep(batch)

    assert (first.new, first.observed) == (2, 2)
    assert again == Kept(commit_no=None, new=0, changed=0, observed=0, attached=0, disposed=frozenset())
    assert len(rows(borough.archive, "public")) == 2


def test_one_version_twice_inside_a_batch_is_filed_once(borough: Town) -> None:
    kept = borough.archive.keep(batch_of(Said(number=1), Said(number=1, capture="capture-2")))

    assert kept.new == 1
    assert len(rows(borough.archive, "public")) == 1
    assert len(rows(borough.archive, "capture")) == 2


def test_nothing_new_makes_no_commit_and_no_file(borough: Town) -> None:
    borough.archive.keep(batch_of(Said(number=1)))
    before = borough.archive.stat()

    kept = borough.archive.keep(batch_of(Said(number=1, at=START + HOUR, capture="capture-2")))

    assert kept.commit_no is None
    assert borough.archive.stat() == before


def test_a_text_changed_and_changed_back_is_two_versions_and_three_observations(borough: Town) -> None:
    for number, text in enumerate(["A", "B", "A"]):
        said = Said(number=1, text=text, at=START + number * HOUR, capture=f"capture-{number}")
        borough.archive.keep(batch_of(said))

    assert sorted(str(row["text"]) for row in rows(borough.archive, "public")) == ["A", "B"]
    observations = rows(borough.archive, "observation")
    assert len(observations) == 3
    assert (
        borough.presence.seen["facebook:1", "main", "posts"].version_id == Said(number=1, text="A").version_id
    )


def test_an_exhibit_lies_in_exactly_one_row(borough: Town) -> None:
    for number, text in enumerate(["A", "B", "A"]):
        said = Said(number=1, text=text, at=START + number * HOUR, capture=f"capture-{number}")
        borough.archive.keep(batch_of(said))
    hidden = Said(number=1, text="A", shown="is_hidden", at=START + 3 * HOUR, capture="capture-3")
    borough.archive.keep(batch_of(hidden))

    headers = [row["header"] for row in rows(borough.archive, "public", "observation") if row["header"]]

    assert sorted(headers) == [
        f'{{"capture_id":"capture-{n}","record_id":"facebook:1"}}'.encode() for n in range(4)
    ]
    carried = [row["capture_id"] for row in rows(borough.archive, "observation") if row["header"] is not None]
    assert sorted(map(str, carried)) == ["capture-2", "capture-3"]


def test_every_kept_exhibit_has_its_leaf_on_the_row_of_its_capture(borough: Town) -> None:
    borough.archive.keep(batch_of(Said(number=1), Said(number=2, capture="capture-2")))
    hidden = Said(number=1, shown="is_hidden", at=START + HOUR, capture="capture-3")
    borough.archive.keep(batch_of(hidden, attachments=[hidden.attachment(None)]))

    wanted: dict[str, set[bytes]] = {}
    for batch in borough.archive.scan(series=["public"]):
        for one in records_from(batch):
            wanted.setdefault(one.capture_id, set()).add(leaf(one.salt, one.exhibit))
    for batch in borough.archive.scan(series=["observation"]):
        for seen, salt in zip(observations_from(batch), batch["salt"].to_pylist(), strict=True):
            if seen.exhibit is not None:
                wanted.setdefault(seen.look.capture_id, set()).add(leaf(salt, seen.exhibit))
    for batch in borough.archive.scan(series=["attachment"]):
        for row, salt in zip(attachments_from(batch), batch["salt"].to_pylist(), strict=True):
            wanted.setdefault(row.capture_id, set()).add(attachment_leaf(salt, row))
    held = {
        one.capture_id: set(one.leaves)
        for batch in borough.archive.scan(series=["capture"])
        for one in captures_from(batch)
    }
    assert held == wanted


def test_an_exhibit_without_its_capture_row_is_refused(borough: Town) -> None:
    batch = replace(batch_of(Said(number=1)), captures=())

    with pytest.raises(IntegrityError):
        borough.archive.keep(batch)

    assert borough.archive.commit_no() == 0


def test_salts_are_drawn_afresh_for_each_exhibit(borough: Town) -> None:
    borough.archive.keep(batch_of(*(Said(number=number) for number in range(50))))

    salts = [row["salt"] for row in rows(borough.archive, "public")]
    assert len(set(salts)) == 50
    assert {len(bytes(salt)) for salt in salts if isinstance(salt, bytes)} == {32}


def test_a_record_keeps_the_partition_of_its_first_sight_when_its_date_changes(borough: Town) -> None:
    """Pitfall 14: the same id in another year would be stored twice."""
    borough.archive.keep(batch_of(Said(number=1, created_at=START - 400 * DAY)))
    same = borough.archive.keep(batch_of(Said(number=1, created_at=START)))
    edited = Said(
        number=1, text="B", created_at=START, series=Series.OWN, at=START + HOUR, capture="capture-2"
    )

    kept = borough.archive.keep(batch_of(edited))

    assert same.commit_no is None
    assert kept.changed == 1
    found = rows(borough.archive, "public")
    assert [row["year"] for row in found] == [2023, 2023]
    assert len({row["filed_at"] for row in found}) == 1
    assert rows(borough.archive, "own") == []


def test_two_versions_in_the_first_batch_share_the_facts_of_the_first(borough: Town) -> None:
    borough.archive.keep(
        batch_of(
            Said(number=1, created_at=None), Said(number=1, text="B", created_at=None, at=START + 400 * DAY)
        )
    )

    assert len({row["filed_at"] for row in rows(borough.archive, "public")}) == 1


def test_a_record_read_by_another_digest_rule_than_it_is_kept_by_is_refused(borough: Town) -> None:
    borough.archive.keep(batch_of(Said(number=1)))

    with pytest.raises(WriteConflictError):
        borough.archive.keep(batch_of(Said(number=1, text="B", digest_rule=2)))

    assert borough.archive.commit_no() == 1


def test_an_item_that_becomes_readable_is_filed_as_such_and_is_current(borough: Town) -> None:
    borough.archive.keep(batch_of(Said(number=1, series=Series.UNREAD, created_at=None)))
    readable = Said(number=1, text="B", digest_rule=2, at=START + HOUR, capture="capture-2")

    kept = borough.archive.keep(batch_of(readable))

    assert kept.changed == 1
    assert [row["text"] for row in rows(borough.archive, "public")] == ["B"]
    now = borough.presence.seen["facebook:1", "main", "posts"]
    assert (now.series, now.digest_rule, now.version_id) == (Series.PUBLIC, 2, readable.version_id)


def test_an_unread_item_is_kept_again_when_its_bytes_change_but_not_twice_a_day(borough: Town) -> None:
    for number, (text, after) in enumerate(
        [("a", 0 * HOUR), ("a", 25 * HOUR), ("b", 1 * HOUR), ("b", 26 * HOUR), ("c", 30 * HOUR)]
    ):
        said = Said(
            number=1,
            text=text,
            series=Series.UNREAD,
            at=START + after,
            capture=f"capture-{number}",
            created_at=None,
        )
        borough.archive.keep(batch_of(said))

    kept = [row["parts"] for row in rows(borough.archive, "unread")]
    assert len(kept) == 2


def test_hidden_and_restored_are_observed_and_no_version(borough: Town) -> None:
    for number, shown in enumerate(["public", "held", "public"]):
        borough.archive.keep(
            batch_of(Said(number=1, shown=shown, at=START + number * HOUR, capture=f"capture-{number}"))
        )

    assert states(borough) == ["live", "hidden", "live"]
    assert len(rows(borough.archive, "public")) == 1


def test_an_absence_counts_once_in_a_walk_however_often_it_is_delivered(borough: Town) -> None:
    borough.archive.keep(batch_of(Said(number=1)))
    absent = Said(number=1, at=START + DAY, walk="walk-2").unseen(Answer.ABSENT)
    batch = Batch(captures=(), filings=(), sightings=(absent,))

    assert borough.archive.keep(batch).observed == 1
    assert borough.archive.keep(batch).observed == 0
    assert borough.presence.seen["facebook:1", "main", "posts"].absences == 1


def test_an_observation_of_a_record_that_is_not_held_is_dropped(borough: Town) -> None:
    said = Said(number=9)
    batch = replace(
        batch_of(said),
        filings=(),
        sightings=(said.unseen(Answer.ABSENT),),
        attachments=(said.attachment(None),),
    )

    assert borough.archive.keep(batch).commit_no is None


def test_a_look_at_a_version_that_nobody_filed_is_dropped(borough: Town) -> None:
    borough.archive.keep(batch_of(Said(number=1)))
    stray = Said(number=1, text="B", at=START + HOUR, capture="capture-2")
    batch = replace(batch_of(stray), filings=())

    assert borough.archive.keep(batch).observed == 0


def test_two_accounts_that_see_one_record_keep_it_once_and_observe_it_twice(borough: Town) -> None:
    kept = borough.archive.keep(
        batch_of(
            Said(number=1), Said(number=1, account="libraries", stream=Stream.COMMENTS, capture="capture-2")
        )
    )

    assert (kept.new, kept.observed) == (1, 2)
    assert {account for _, account, _ in borough.presence.seen} == {"main", "libraries"}


def test_a_disposed_record_is_dropped_with_everything_and_reported(borough: Town) -> None:
    borough.presence.destroyed.add("facebook:1")
    gone = Said(number=1)

    kept = borough.archive.keep(batch_of(gone, Said(number=2), attachments=[gone.attachment(None)]))

    assert kept.disposed == {"facebook:1"}
    assert (kept.new, kept.observed, kept.attached) == (1, 1, 0)
    held = rows(borough.archive, "public", "observation", "attachment")
    assert {row["record_id"] for row in held} == {"facebook:2"}


def test_a_file_that_lapsed_is_tried_again_and_one_that_is_held_is_not(borough: Town) -> None:
    lapsed = Said(number=1)
    borough.archive.keep(batch_of(lapsed, attachments=[lapsed.attachment(None)]))
    later = Said(number=1, at=START + HOUR, capture="capture-2")

    again = borough.archive.keep(batch_of(later, attachments=[later.attachment(None)]))
    twice = borough.archive.keep(batch_of(later, attachments=[later.attachment(None)]))

    assert (again.attached, twice.attached) == (1, 0)


def test_a_picture_is_in_its_place_when_its_row_is_committed(borough: Town) -> None:
    said = Said(number=1)
    with borough.media.incoming() as incoming:
        incoming.file().write(b"picture")
    sha256 = incoming.digest()

    kept = borough.archive.keep(batch_of(said, attachments=[said.attachment(sha256, incoming.name)]))

    assert kept.attached == 1
    with borough.media.open(sha256) as placed:
        assert placed.read() == b"picture"
    (row,) = rows(borough.archive, "attachment")
    assert row["sha256"] == sha256
    assert [path for path in borough.root.rglob("incoming/*/*") if path.name != "alive"] == []


def test_a_picture_of_a_disposed_record_leaves_no_byte(borough: Town) -> None:
    borough.presence.destroyed.add("facebook:1")
    with borough.media.incoming() as incoming:
        incoming.file().write(b"picture")
    said = Said(number=1)

    borough.archive.keep(batch_of(said, attachments=[said.attachment(incoming.digest(), incoming.name)]))

    assert list(borough.media.names()) == []
    assert [path for path in borough.root.rglob("incoming/*/*") if path.name != "alive"] == []


def test_queued_capture_rows_ride_with_the_next_commit_and_never_twice(borough: Town) -> None:
    borough.archive.keep(batch_of(Said(number=1)))
    queued = ((1, capture_row("queued-1")), (2, capture_row("queued-2")))
    waiting = Batch(captures=(), filings=(), sightings=(), queued=queued)

    assert borough.archive.keep(waiting).commit_no is None
    assert borough.archive.keep(replace(batch_of(Said(number=2)), queued=queued)).commit_no == 2
    assert borough.archive.keep(replace(batch_of(Said(number=3)), queued=queued)).commit_no == 3
    names = sorted(str(row["capture_id"]) for row in rows(borough.archive, "capture"))
    assert names == ["capture-1", "capture-1", "capture-1", "queued-1", "queued-2"]


def test_queued_capture_rows_alone_are_committed_when_they_have_waited_long_enough(borough: Town) -> None:
    waiting = Batch(captures=(), filings=(), sightings=(), queued=((1, capture_row("queued-1")),), flush=True)

    assert borough.archive.keep(waiting).commit_no == 1
    assert borough.archive.keep(waiting).commit_no is None


def test_presence_catches_up_with_commits_that_another_process_made(borough: Town) -> None:
    borough.archive.keep(batch_of(Said(number=1)))
    borough.presence.seen.clear()
    borough.presence._watermark = 0

    kept = borough.archive.keep(batch_of(Said(number=1, text="B", at=START + HOUR, capture="capture-2")))

    assert (kept.new, kept.changed) == (0, 1)
    assert borough.presence.watermark("exampleborough") == 2


def test_a_register_that_knows_more_than_the_archive_stops_the_keep(borough: Town) -> None:
    """An older backup of the archive was restored: going on would reuse its numbers."""
    borough.presence._watermark = 7

    with pytest.raises(IntegrityError, match="restored"):
        borough.archive.keep(batch_of(Said(number=1)))


def test_a_version_filed_without_a_look_is_not_filed_twice(borough: Town) -> None:
    """An edit history gives versions but no look, so presence does not know their record."""
    history = replace(batch_of(Said(number=1, text="old", created_at=START - 400 * DAY)), sightings=())
    borough.archive.keep(history)
    now = Said(number=1, text="old", at=START + HOUR, capture="capture-2")

    again = borough.archive.keep(history)
    seen = borough.archive.keep(batch_of(now))

    assert again.commit_no is None
    assert (seen.new, seen.changed, seen.observed) == (0, 0, 1)
    assert [row["year"] for row in rows(borough.archive, "public")] == [2023]
    assert borough.presence.seen["facebook:1", "main", "posts"].filed_at == START - 400 * DAY


def test_many_edits_at_once_are_settled_like_few(borough: Town) -> None:
    """Above a hundred ids the archive is asked by its id column instead of by literals."""
    first = [Said(number=number, text="A") for number in range(150)]
    second = [Said(number=number, text="B", at=START + HOUR, capture="capture-2") for number in range(150)]
    third = [Said(number=number, text="A", at=START + 2 * HOUR, capture="capture-3") for number in range(150)]

    kept = [borough.archive.keep(batch_of(*said)) for said in (first, second, third)]

    assert [(one.new, one.changed, one.observed) for one in kept] == [
        (150, 0, 150),
        (0, 150, 150),
        (0, 0, 150),
    ]


def test_an_id_with_a_quotation_mark_is_found_again(borough: Town) -> None:
    said = Said(number=1)
    odd = replace(said.filing(), record=replace(said.filing().record, record_id="x:'; --"))
    look = replace(said.sighting(), look=replace(said.sighting().look, record_id="x:'; --"))
    batch = replace(batch_of(said), filings=(odd,), sightings=(look,))
    borough.archive.keep(batch)

    assert borough.archive.keep(batch).commit_no is None
    (found,) = borough.archive.scan(series=["public"], record_ids=["x:'; --"])
    assert found["record_id"].to_pylist() == ["x:'; --"]


def test_two_versions_that_would_share_an_index_number_are_refused(borough: Town) -> None:
    one, other = Said(number=1).filing(), Said(number=2).filing()
    clash = replace(other, version_id=one.version_id[:8] + other.version_id[8:])

    with pytest.raises(IntegrityError):
        borough.archive.keep(replace(batch_of(Said(number=1), Said(number=2)), filings=(one, clash)))
