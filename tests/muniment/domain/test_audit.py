"""The audit chain: one changed entry breaks it, a destroyed text does not, and every event is in the set."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muniment.domain.audit import (
    NO_ENTRY,
    Entry,
    act_of,
    chain_faults,
    entry_digest,
    entry_text,
    text_digest,
)
from muniment.domain.events import (
    EVENTS,
    AccountPaused,
    AuditTextsDestroyed,
    Event,
    RecordShown,
    SearchMade,
    Tag,
)
from muniment.domain.people import Actor, Appointment, Role, roles_on

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
OFFICER = Actor(name="j.smith", roles=frozenset({Role.RECORDS_OFFICER, Role.REVIEWER}), login="jsm01")


def chain(*events: Event) -> list[Entry]:
    """Return the entries that these events make, one a minute."""
    entries: list[Entry] = []
    head = NO_ENTRY
    for number, event in enumerate(events, start=1):
        text, salt, at = entry_text(OFFICER, event), bytes([number]) * 32, START + timedelta(minutes=number)
        salted = text_digest(salt, text)
        head = entry_digest(head, council="elm", number=number, at=at, tag=event.tag, text_digest=salted)
        entries.append(
            Entry(
                number=number,
                at=at,
                tag=event.tag,
                text_digest=salted,
                digest=head,
                salt=salt,
                text=text,
            )
        )
    return entries


def paused(count: int) -> list[Entry]:
    return chain(
        *(AccountPaused(account=f"a{number}", before=None, after="budget") for number in range(count))
    )


def without_text(entry: Entry) -> Entry:
    return replace(entry, salt=None, text=None)


@given(st.data())
def test_chain_breaks_if_any_entry_changes(data: st.DataObject) -> None:
    entries = paused(6)
    assert list(chain_faults("elm", entries)) == []
    at = data.draw(st.integers(0, 5))
    entry = entries[at]
    changes = {
        "number": replace(entry, number=entry.number + 1),
        "at": replace(entry, at=entry.at + timedelta(microseconds=1)),
        "tag": replace(entry, tag=Tag.ARCHIVE_RUN),
        "text": replace(entry, text=(entry.text or b"") + b" "),
        "salt": replace(entry, salt=bytes(32)),
        "text_digest": replace(entry, text_digest=bytes(32)),
        "digest": replace(entry, digest=bytes(32)),
    }
    changed = data.draw(st.sampled_from(sorted(changes)))
    entries[at] = changes[changed]
    number, _ = next(chain_faults("elm", entries))
    assert number in (entries[at].number, at + 1)


def test_an_entry_taken_out_or_put_in_or_moved_is_seen() -> None:
    entries = paused(5)
    assert next(chain_faults("elm", entries[:2] + entries[3:]))[0] == 4
    assert next(chain_faults("elm", entries[1:]))[0] == 2
    assert next(chain_faults("elm", [entries[1], entries[0], *entries[2:]]))[0] == 2
    assert next(chain_faults("oak", entries))[0] == 1


def test_a_text_that_is_missing_is_a_fault_until_an_entry_says_that_it_was_destroyed() -> None:
    entries = paused(3)
    entries[1] = without_text(entries[1])
    assert [number for number, _ in chain_faults("elm", entries)] == [2]
    told = AuditTextsDestroyed(ranges=((2, 3),), before=START.isoformat(), reason="AUD-SEARCH has ended")
    entries = chain(*(act_of(one.tag, one.text).event for one in paused(3) if one.text is not None), told)
    entries[1:3] = [without_text(one) for one in entries[1:3]]
    assert list(chain_faults("elm", entries)) == []
    entries[0] = without_text(entries[0])
    assert [number for number, _ in chain_faults("elm", entries)] == [1]


def test_a_text_says_again_what_was_recorded() -> None:
    event = SearchMade(
        typed='"Pat Example"', filters={"platform": "x"}, records=1, versions=2, watermark=7, exported=True
    )
    act = act_of(event.tag, entry_text(OFFICER, event))
    assert (act.actor, act.event) == (OFFICER, event)
    with pytest.raises(ValueError, match="not the text"):
        act_of(Tag.RECORD_SHOWN, entry_text(OFFICER, event))


def test_the_link_names_nobody_and_the_same_text_twice_has_two_digests() -> None:
    event = RecordShown(record_key="0f" * 32)
    first, second = chain(event, event)
    assert first.text == second.text
    assert first.text_digest != second.text_digest
    assert b"j.smith" not in b"".join((first.text_digest, first.digest, first.tag.encode()))


def test_every_tag_has_one_class_and_the_form_source_subject_action() -> None:
    assert set(EVENTS) == set(Tag)
    assert len({*EVENTS.values()}) == len(EVENTS)
    for tag, event in EVENTS.items():
        assert event.tag is tag
        assert re.fullmatch(r"(person|system):[a-z]+:[a-z]+", tag), tag


def test_a_role_is_in_force_from_its_first_day_to_its_last() -> None:
    day = START.date()
    given = [Appointment(person="a", role=Role.REVIEWER, from_on=day, until_on=day + timedelta(days=1))]
    found = [roles_on(given, "a", day + timedelta(days=days)) for days in (-1, 0, 1, 2)]
    assert found == [frozenset(), {Role.REVIEWER}, {Role.REVIEWER}, frozenset()]
    assert roles_on(given, "b", day) == frozenset()
