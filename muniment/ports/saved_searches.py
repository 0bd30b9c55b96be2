"""What the services need of the register's saved searches. `ports.Register` is one of these too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from muniment.domain.saved_search import KeptStatement, SavedSearch, SpellingDecision

__all__ = ["SavedSearches"]


class SavedSearches(Protocol):
    """Searches kept under names. Call what changes one inside `begin`, so that the act is audited with it.

    Revisions, decisions and statements are only ever added to: a reply given years ago can be looked up.
    """

    def save_search(self, council: str, search: SavedSearch) -> None:
        """Add a revision; a name that was dropped is in use again."""
        ...

    def drop_search(self, council: str, name: str, *, now: datetime) -> None:
        """Take a search off the list; its revisions, decisions and statements stay."""
        ...

    def saved_searches(self, council: str) -> tuple[SavedSearch, ...]:
        """Return the newest revision of each search on the list, by name."""
        ...

    def search_revisions(self, council: str, name: str) -> tuple[SavedSearch, ...]:
        """Return every revision of a search, dropped or not, oldest first; empty: there never was one."""
        ...

    def add_spelling_decision(self, council: str, decision: SpellingDecision) -> None:
        """Add what a person said to a suggestion."""
        ...

    def spelling_decisions(self, council: str, name: str) -> tuple[SpellingDecision, ...]:
        """Return what was decided about a search's spellings, oldest first."""
        ...

    def add_statement(self, council: str, statement: KeptStatement) -> None:
        """Keep an accepted statement."""
        ...

    def kept_statements(self, council: str, name: str) -> tuple[KeptStatement, ...]:
        """Return a search's accepted statements, oldest first."""
        ...
