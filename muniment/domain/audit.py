"""The audit chain: every human read and every act, in an order that cannot be changed afterwards. Pure.

An entry is a *text* (who, in which role, did what, why, with what before and after) and its *link*:

    text_digest = SHA-256(0x03, salt, text)              salt: 32 random bytes that lie beside the text
    digest      = SHA-256(0x02, digest before, canonical JSON of council, number, at, tag and text_digest)

The link names no person and is kept for ever; the text, with its salt, can be destroyed when its own period
ends, and the chain still verifies (data-model.md 7). Which texts were destroyed is itself told by an entry,
so a text that merely went missing is a fault. Events are typed: `domain/events.py` has every class there is.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from muniment.domain.events import EVENTS, AuditRestarted, AuditTextsDestroyed, Event, Tag
from muniment.domain.people import Actor, Role
from schemas.digests import canonical

__all__ = [
    "NO_ENTRY",
    "SALT_BYTES",
    "Act",
    "Entry",
    "Told",
    "act_of",
    "chain_faults",
    "entry_digest",
    "entry_text",
    "lost_heads",
    "text_digest",
]

SALT_BYTES: Final = 32

NO_ENTRY: Final = bytes(32)
"""What the first entry names as the one before it, and the head of a chain without entries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry as it is stored; `salt` and `text` are None once the text was destroyed."""

    number: int
    at: datetime
    tag: str
    text_digest: bytes
    digest: bytes
    salt: bytes | None
    text: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What an entry's text says."""

    actor: Actor
    event: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An entry as it is read. `act` is None when its text was destroyed."""

    number: int
    at: datetime
    tag: Tag
    act: Act | None


def entry_text(actor: Actor, event: Event) -> bytes:
    """Return the text of an entry: canonical JSON."""
    return canonical(
        {
            "actor": actor.name,
            "login": actor.login,
            "roles": sorted(actor.roles),
            "event": msgspec.to_builtins(event),
        }
    )


def act_of(tag: str, text: bytes) -> Act:
    """Read an entry's text.

    Raises:
        ValueError: It is not the text of such an event.
    """
    try:
        told: dict[str, Any] = msgspec.json.decode(text)
        actor = Actor(
            name=told["actor"], login=told["login"], roles=frozenset(Role(one) for one in told["roles"])
        )
        event: Event = msgspec.convert(told["event"], type=EVENTS[Tag(tag)], strict=False)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError("not the text of an audit entry") from error
    return Act(actor=actor, event=event)


def text_digest(salt: bytes, text: bytes) -> bytes:
    """Return the salted digest of a text, 32 bytes: without its salt a short text cannot be guessed."""
    return hashlib.sha256(b"\x03" + salt + text).digest()


def entry_digest(
    before: bytes, *, council: str, number: int, at: datetime, tag: str, text_digest: bytes
) -> bytes:
    """Return the digest of an entry, which the next one names; of the last entry: the chain's head."""
    link = canonical(
        {
            "council": council,
            "number": number,
            "at": at.astimezone(UTC).isoformat(),
            "tag": tag,
            "text": text_digest.hex(),
        }
    )
    return hashlib.sha256(b"\x02" + before + link).digest()


def chain_faults(council: str, entries: Iterable[Entry]) -> Iterator[tuple[int, str]]:
    """Yield what is wrong with a chain: the number of the entry and why, the first broken link first.

    Behind a broken link nothing is checked: the chain says nothing about it any more.
    """
    before, last = NO_ENTRY, 0
    missing: set[int] = set()
    for entry in entries:
        wanted = entry_digest(
            before,
            council=council,
            number=entry.number,
            at=entry.at,
            tag=entry.tag,
            text_digest=entry.text_digest,
        )
        if entry.number != last + 1 or entry.digest != wanted:
            yield entry.number, "does not follow the entry before it"
            return
        before, last = entry.digest, entry.number
        if entry.text is None or entry.salt is None:
            missing.add(entry.number)
        elif text_digest(entry.salt, entry.text) != entry.text_digest:
            yield entry.number, "its text is not the one that was written"
        else:
            missing -= _destroyed(entry)
    for number in sorted(missing):
        yield number, "its text is missing, and no later entry says that it was destroyed"


def lost_heads(entries: Iterable[Entry]) -> frozenset[bytes]:
    """Return the heads of lost chains that a person has said to go on without."""
    return frozenset(
        bytes.fromhex(event.lost_head)
        for entry in entries
        if entry.tag == Tag.AUDIT_RESTARTED and entry.text is not None
        if isinstance(event := act_of(entry.tag, entry.text).event, AuditRestarted)
    )


def _destroyed(entry: Entry) -> frozenset[int]:
    if entry.tag != Tag.AUDIT_TEXTS_DESTROYED or entry.text is None:
        return frozenset()
    event = act_of(entry.tag, entry.text).event
    assert isinstance(event, AuditTextsDestroyed)  # noqa: S101 -- EVENTS gives this class for the tag
    return frozenset(number for first, last in event.ranges for number in range(first, last + 1))
