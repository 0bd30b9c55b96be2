"""Searches kept under a name: saved, given other spellings, and accepted with their statement for a reply."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache

from muniment.domain.events import SearchDropped, SearchSaved, StatementAccepted, SuggestionDecided
from muniment.domain.people import Actor
from muniment.domain.saved_search import KeptStatement, SavedSearch, SpellingDecision, check_search_name
from muniment.ports import Archive, Register, SearchIndex
from muniment.ports.saved_searches import SavedSearches
from muniment.search.answer import Order
from muniment.search.suggest import Corpus, Suggestion, searched, suggestions, with_suggestion
from muniment.search.tree import Query, Stream, Word
from muniment.services.hit_reports import HitReport, hit_report
from muniment.services.searching import (
    Held,
    SearchFilters,
    freshness,
    hiding,
    parse_search,
    statement_of,
)
from muniment.services.unseen import NO_ACCOUNT, AccountUnseen, by_lack, unseen
from schemas.errors import BadInputError

__all__ = [
    "SearchDesk",
    "filters_of",
    "saved_search",
    "words_of_filters",
]


def words_of_filters(filters: SearchFilters) -> Mapping[str, str]:
    """Return filters as words, for the register and the audit; what is not set is left out."""
    told = {
        "platform": " ".join(filters.platforms),
        "account": " ".join(filters.accounts),
        "from": "" if filters.since is None else filters.since.isoformat(),
        "to": "" if filters.until is None else filters.until.isoformat(),
    }
    return {name: value for name, value in told.items() if value}


def filters_of(words: Mapping[str, str]) -> SearchFilters:
    """Return the filters that `words_of_filters` told."""
    return SearchFilters(
        platforms=tuple(words.get("platform", "").split()),
        accounts=tuple(words.get("account", "").split()),
        since=date.fromisoformat(words["from"]) if "from" in words else None,
        until=date.fromisoformat(words["to"]) if "to" in words else None,
    )


def saved_search(register: SavedSearches, council: str, name: str) -> SavedSearch:
    """Return the newest revision of a search on the list.

    Raises:
        BadInputError: There is none.
    """
    for one in register.saved_searches(council):
        if one.name == name:
            return one
    remedy = "`muniment searches list` shows them."
    raise BadInputError(f"There is no saved search {name!r}.", remedy=remedy)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchDesk:
    """Saved searches of one council. `hidden` records are being destroyed, or restricted: not found.

    `left_out` names the teams whose restricted series this person is not shown.
    """

    council: str
    archive: Archive
    index: SearchIndex
    register: Register
    actor: Actor
    now: Callable[[], datetime]
    held: Held
    hidden: frozenset[str] = frozenset()
    left_out: tuple[str, ...] = ()

    def save(
        self, name: str, typed: str, *, filters: SearchFilters, case_reference: str | None = None
    ) -> SavedSearch:
        """Keep a search under a name; a name in use gets a new revision.

        Raises:
            BadInputError: The name has other signs than a-z, 0-9 and hyphens.
            QueryError: A mistake in `typed`.
        """
        check_search_name(name)
        parse_search(typed, filters, self.held)
        with self.register.begin(self.council, self.actor, now=self.now()) as trail:
            before = self.register.search_revisions(self.council, name)
            saved = self._next_revision(
                name, typed, words_of_filters(filters), case_reference, before[-1:], now=trail.now
            )
            self.register.save_search(self.council, saved)
            trail.record(_saved(saved, before[-1:]))
        return saved

    def drop(self, name: str) -> None:
        """Take a search off the list; its statements stay.

        Raises:
            BadInputError: There is no such search.
        """
        with self.register.begin(self.council, self.actor, now=self.now()) as trail:
            self.get(name)
            self.register.drop_search(self.council, name, now=trail.now)
            trail.record(SearchDropped(name=name))

    def get(self, name: str) -> SavedSearch:
        """Return the newest revision of a search on the list.

        Raises:
            BadInputError: There is none.
        """
        return saved_search(self.register, self.council, name)

    def report(self, name: str) -> HitReport:
        """Return the hit report of a search."""
        saved = self.get(name)
        query = parse_search(saved.typed, filters_of(saved.filters), self.held)
        return hit_report(self.index, self.council, hiding(query, self.hidden))

    def suggest(self, name: str) -> tuple[Suggestion, ...]:
        """Return the suggestions for a search that it does not search yet, and that nobody declined."""
        decided = {(one.of, one.adds) for one in self._decisions(self.get(name)) if not one.accepted}
        return tuple(one for one in self._offered(name) if (one.of, one.adds) not in decided)

    def _offered(self, name: str) -> tuple[Suggestion, ...]:
        """Return every suggestion for a search as it is kept now, declined ones too."""
        query = self._query(self.get(name))
        corpus = Corpus(words=self.index.words(self.council), standing=cache(self._standing))
        return suggestions(query, corpus)

    def _decisions(self, saved: SavedSearch) -> tuple[SpellingDecision, ...]:
        """Return the last word on each spelling; one that was accepted counts while the search has it."""
        told = self.register.spelling_decisions(self.council, saved.name)
        last = {(one.of, one.adds): one for one in told}
        has = searched(self._query(saved))
        return tuple(one for one in last.values() if not one.accepted or one.adds in has)

    def _query(self, saved: SavedSearch) -> Query:
        return parse_search(saved.typed, filters_of(saved.filters), self.held)

    def _standing(self, word: str) -> int:
        """Return how many versions hold a word, of those that this person may find."""
        asked = hiding(Query(typed=word, tree=Word(Stream.EXACT, word)), self.hidden)
        return self.index.search(self.council, asked, order=Order.NEWEST, size=1).versions

    def decide(self, name: str, adds: str, *, accepted: bool) -> SavedSearch:
        """Accept a suggestion, which makes a new revision, or decline it; both are remembered.

        What was declined may be accepted later: the last word counts.

        Raises:
            BadInputError: It is not among the suggestions.
        """
        offered = self._offered(name)
        chosen = next((one for one in offered if one.adds == adds), None)
        if chosen is None:
            known = ", ".join(one.adds for one in offered) or "none"
            remedy = f"Write one as `muniment searches suggest {name}` shows it: {known}."
            raise BadInputError(f"{adds} is not among the suggestions for {name}.", remedy=remedy)
        with self.register.begin(self.council, self.actor, now=self.now()) as trail:
            saved = self.get(name)
            self.register.add_spelling_decision(
                self.council,
                SpellingDecision(
                    name=name,
                    revision=saved.revision,
                    of=chosen.of,
                    adds=chosen.adds,
                    kind=chosen.kind.value,
                    versions=chosen.versions,
                    accepted=accepted,
                    decided_by=self.actor.name,
                    decided_at=trail.now,
                ),
            )
            trail.record(
                SuggestionDecided(
                    name=name,
                    revision=saved.revision,
                    of=chosen.of,
                    suggestion=chosen.adds,
                    accepted=accepted,
                )
            )
            if not accepted:
                return saved
            wider = with_suggestion(saved.typed, chosen)
            parse_search(wider, filters_of(saved.filters), self.held)
            revised = self._next_revision(
                name, wider, saved.filters, saved.case_reference, (saved,), now=trail.now
            )
            self.register.save_search(self.council, revised)
            trail.record(_saved(revised, (saved,)))
        return revised

    def statement(self, name: str) -> KeptStatement:
        """Return what a search says of itself now, with its counts; nothing is kept."""
        saved = self.get(name)
        query = parse_search(saved.typed, filters_of(saved.filters), self.held)
        report = hit_report(self.index, self.council, hiding(query, self.hidden))
        said = statement_of(
            query,
            order=Order.NEWEST,
            records=report.records,
            versions=report.versions,
            fresh=freshness(self.archive, report.watermark),
        )
        accounts = unseen(self.register, self.council, said.scope, now=self.now())
        searched = ", ".join(f"{one.account} ({one.platform})" for one in accounts)
        text = "\n".join(
            [
                f"Search {name}, revision {saved.revision}"
                + (f", for {saved.case_reference}" if saved.case_reference else ""),
                f"Typed: {saved.typed}",
                *(f"Narrowed by {key}: {value}" for key, value in saved.filters.items()),
                f"Searched: {said.explained}",
                *(f"Left out, holding no letter or figure: {one}" for one in said.ignored),
                f"Found: {said.totals()}.",
                "Every version held was searched, those edited away, hidden or deleted at the platform too.",
                f"Accounts searched: {searched or 'none'}.",
                *(f"Left out: series that only {team} may see." for team in self.left_out),
                "Each term by itself (records, versions; those that no other term finds):",
                *(
                    f"- {one.typed}: {one.records:,}, {one.versions:,}; "
                    f"{one.unique_records:,}, {one.unique_versions:,}"
                    for one in report.terms
                ),
                f"Terms that found nothing: {', '.join(report.nothing) or 'none'}.",
                *_decisions(self._decisions(saved)),
                "What could not have been found:",
                *(f"- {whose}: {lack}." for lack, whose in by_lack(accounts).items()),
                *_nothing_lacking(accounts),
            ]
        )
        return KeptStatement(
            name=name,
            number=len(self.register.kept_statements(self.council, name)) + 1,
            revision=saved.revision,
            text=text,
            sha256=hashlib.sha256(text.encode()).digest(),
            records=report.records,
            versions=report.versions,
            watermark=report.watermark,
            accepted_by=self.actor.name,
            accepted_at=self.now(),
        )

    def accept(self, name: str) -> KeptStatement:
        """Keep what a search says of itself now, word for word, for the reply."""
        statement = self.statement(name)
        case_reference = self.get(name).case_reference
        with self.register.begin(self.council, self.actor, now=statement.accepted_at) as trail:
            self.register.add_statement(self.council, statement)
            trail.record(
                StatementAccepted(
                    name=name,
                    revision=statement.revision,
                    number=statement.number,
                    sha256=statement.sha256.hex(),
                    records=statement.records,
                    versions=statement.versions,
                    watermark=statement.watermark,
                    case_reference=case_reference,
                )
            )
        return statement

    def kept(self, name: str, number: int) -> KeptStatement:
        """Return a statement as it was accepted, of a search that was dropped too.

        Raises:
            BadInputError: There is none.
        """
        for one in self.register.kept_statements(self.council, name):
            if one.number == number:
                return one
        raise BadInputError(
            f"Search {name!r} has no accepted statement {number}.", remedy="They are numbered from 1."
        )

    def _next_revision(
        self,
        name: str,
        typed: str,
        filters: Mapping[str, str],
        case_reference: str | None,
        before: Sequence[SavedSearch],
        *,
        now: datetime,
    ) -> SavedSearch:
        return SavedSearch(
            name=name,
            revision=before[-1].revision + 1 if before else 1,
            typed=typed,
            filters=filters,
            case_reference=case_reference,
            saved_by=self.actor.name,
            saved_at=now,
        )


def _saved(saved: SavedSearch, before: Sequence[SavedSearch]) -> SearchSaved:
    return SearchSaved(
        name=saved.name,
        revision=saved.revision,
        typed=saved.typed,
        filters=saved.filters,
        before=before[-1].typed if before else None,
        case_reference=saved.case_reference,
    )


def _decisions(decided: Iterable[SpellingDecision]) -> list[str]:
    found = list(decided)
    said = []
    for word, wanted in (("accepted", True), ("declined", False)):
        told = [f"{one.adds} for {one.of}" for one in found if one.accepted is wanted]
        said.append(f"Other spellings and forms {word}: {', '.join(told) or 'none'}.")
    return said


def _nothing_lacking(accounts: Sequence[AccountUnseen]) -> list[str]:
    if not accounts:
        return [f"- {NO_ACCOUNT}"]
    return [] if any(one.lacks for one in accounts) else ["- Nothing is known to be missing."]
