"""A search as the archive stood at an earlier commit: read from the archive itself, slower, and exact.

"As at n" is every row of commits 1 to n, matched by the plain evaluator. What was destroyed since is not
among them: an earlier commit brings nothing back.
"""

from typing import NamedTuple

from muniment.ports import Archive
from muniment.search.answer import Hit, Order
from muniment.search.entry import Entry, entry_id, sort_key
from muniment.search.facets import count_facets
from muniment.services.finding import found_versions
from muniment.services.matching import matching_entries
from muniment.services.searching import (
    NO_FILTERS,
    Freshness,
    Held,
    SearchAnswer,
    SearchFilters,
    hiding,
    parse_search,
    statement_of,
)
from schemas.errors import BadInputError

__all__ = ["search_as_at"]


class _Place(NamedTuple):
    sk: int
    id: int


def search_as_at(
    archive: Archive,
    typed: str,
    commit_no: int,
    *,
    filters: SearchFilters = NO_FILTERS,
    after: str | None = None,
    size: int = 50,
    held: Held | None = None,
    hidden: frozenset[str] = frozenset(),
) -> SearchAnswer:
    """Return a page of what matched at a commit, newest first.

    `hold:` is answered as of now; `class:` cannot be asked: no row of the archive has one. `hidden` records
    are being destroyed, and are found no more.

    Raises:
        QueryError: A mistake in `typed`.
        BadInputError: The archive has no such commit.
    """
    last = archive.commit_no()
    if not 0 < commit_no <= last:
        message = f"There is no commit {commit_no}: the archive has 1 to {last}."
        raise BadInputError(message, remedy="`muniment show` tells the commits of a record.")
    query = parse_search(typed, filters, held, classed=False)
    asked = hiding(query, hidden)
    entries = [entry._replace(text="") for entry in matching_entries(archive, asked.tree, upto=commit_no)]
    entries.sort(key=_place, reverse=True)
    start = 0 if after is None else _start(entries, after)
    page = entries[start : start + size]
    fresh = Freshness(watermark=commit_no, archive_commit=last, current_to=None, behind=0)
    return SearchAnswer(
        statement=statement_of(
            query,
            order=Order.NEWEST,
            records=len({entry.record_id for entry in entries}),
            versions=len(entries),
            fresh=fresh,
            as_at=commit_no,
        ),
        facets=count_facets(entries),
        found=tuple(found_versions(archive, list(map(_hit, page)), upto=commit_no, tree=query.tree)),
        after=f"{_place(page[-1]).sk}:{_place(page[-1]).id}" if start + size < len(entries) else None,
    )


def _place(entry: Entry) -> _Place:
    id_ = entry_id(entry.version_id)
    return _Place(sort_key(entry.ts, id_), id_)


def _hit(entry: Entry) -> Hit:
    return Hit(version_id=entry.version_id, record_id=entry.record_id, sk=_place(entry).sk)


def _start(entries: list[Entry], after: str) -> int:
    try:
        sk, id_ = after.split(":")
        last = _Place(int(sk), int(id_))
    except ValueError:
        remedy = "Begin again with the first page."
        raise BadInputError("This is not a place in a list of results.", remedy=remedy) from None
    return sum(_place(entry) >= last for entry in entries)
