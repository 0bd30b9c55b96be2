"""Reading the audit chain, and going on where a register was lost."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta

from muniment.domain.audit import Entry, Told, act_of
from muniment.domain.events import AuditRestarted, Tag, Term
from muniment.domain.people import Act, Actor, require
from muniment.ports import Seals
from muniment.ports.audit import AuditChain
from muniment.services.checking import check_reason
from schemas.errors import BadInputError, IntegrityError
from schemas.london import london_date, london_day_starts

__all__ = ["SEARCH_YEARS", "destroy_texts", "read_audit", "restart"]

SEARCH_YEARS = 6


def read_audit(
    audit: AuditChain,
    council: str,
    *,
    reader: Actor,
    since: date | None = None,
    until: date | None = None,
    by: str | None = None,
    what: str | None = None,
    record_key: str | None = None,
) -> Iterator[Told]:
    """Return entries in order: of London days, ends included; by a person; of a kind; about a record.

    `what` is a tag, or any of the three words of one: `hold`, `release`, `person:record:show`. An entry whose
    text was destroyed names nobody and no record, and is left out where one of these is asked for.

    Raises:
        NotPermittedError: The reader has no role in which the audit is read.
        BadInputError: No tag has such a word.
        IntegrityError: The text of an entry cannot be read; `muniment verify` tells more.
    """
    require(reader, Act.READ_AUDIT)
    entries = audit.audit_entries(
        council,
        since=None if since is None else london_day_starts(since),
        until=None if until is None else london_day_starts(until + timedelta(days=1)),
        tags=() if what is None else _tags(what),
    )
    return _told(entries, council, by=by, record_key=record_key)


def _told(
    entries: Iterable[Entry], council: str, *, by: str | None, record_key: str | None
) -> Iterator[Told]:
    for entry in entries:
        try:
            told = Told(
                number=entry.number,
                at=entry.at,
                tag=Tag(entry.tag),
                act=None if entry.text is None else act_of(entry.tag, entry.text),
            )
        except ValueError as error:
            raise IntegrityError(
                f"Audit entry {entry.number} of {council} cannot be read.", remedy="Run `muniment verify`."
            ) from error
        if by is not None and (told.act is None or by not in (told.act.actor.name, told.act.actor.login)):
            continue
        if record_key is not None and (
            told.act is None or getattr(told.act.event, "record_key", None) != record_key
        ):
            continue
        yield told


def restart(
    audit: AuditChain, seals: Seals, council: str, *, actor: Actor, reason: str, now: datetime
) -> int:
    """Go on with a register that is older than the last seal; return the number of that seal.

    What was disposed of since may be captured again and what was held may not be held: the person who says
    so, and why, stands in the chain.

    Raises:
        NotPermittedError: The actor is no information manager: in a register without people,
            `muniment people add` makes the first.
        BadInputError: The register has the head that the last seal names, so nothing was lost; or no reason.
    """
    require(actor, Act.ADOPT_REGISTER)
    check_reason(reason)
    chain = tuple(seals.seals())
    if not chain or audit.knows_audit_head(council, chain[-1].audit_head):
        raise BadInputError(
            f"The register of {council} is as new as the last seal: it has lost nothing that was sealed.",
            remedy="There is nothing to do: its audit goes on as it is.",
        )
    with audit.begin(council, actor, now=now) as trail:
        lost = [one for one in chain if not audit.knows_audit_head(council, one.audit_head)]
        for seal in lost:
            trail.record(AuditRestarted(lost_head=seal.audit_head.hex(), seal=seal.number, reason=reason))
    return chain[-1].number


def destroy_texts(
    audit: AuditChain, council: str, *, before: date, reason: str, actor: Actor, now: datetime
) -> int:
    """Destroy what entries about searches and reads say, of days before `before`; return how many texts.

    The entries stay in the chain, without their text; acts on which other records' proof rests are kept.

    Raises:
        NotPermittedError: The actor is no information manager.
        BadInputError: No reason, or the period of such entries has not ended.

    Source:
        records-law.md 4.2, class AUD-SEARCH: six years from the act.
    """
    require(actor, Act.DESTROY_AUDIT_TEXTS)
    today = london_date(now)
    ended = date(today.year - SEARCH_YEARS, today.month, min(today.day, 28))
    if before > ended:
        raise BadInputError(
            f"Entries about searches are kept {SEARCH_YEARS} years: {before:%-d %B %Y} is too late a day.",
            remedy=f"Give a day up to {ended:%-d %B %Y}.",
        )
    check_reason(reason)
    return audit.destroy_audit_texts(
        council, actor, term=Term.SEARCH, before=london_day_starts(before), reason=reason, now=now
    )


def _tags(what: str) -> tuple[str, ...]:
    found = tuple(tag.value for tag in Tag if what == tag.value or what in tag.value.split(":"))
    if not found:
        words = sorted({word for tag in Tag for word in tag.value.split(":")})
        raise BadInputError(
            f"No entry is about {what}.", remedy=f"Words that entries go by: {', '.join(words)}."
        )
    return found
