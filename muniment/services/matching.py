"""Matches archive rows with a query, without any index: slower, and exact as at any commit.

Holds go this way (which of these new rows fall under a scope?), and a search as at an earlier commit.
"""

from collections.abc import Iterator

import pyarrow as pa

from muniment.ports import Archive
from muniment.search.entry import Entry
from muniment.search.match import matches, read
from muniment.search.tree import Node
from muniment.services.indexing import changed_entries, entries_of, every_entry

__all__ = ["matching_entries", "matching_records", "matching_rows"]


def matching_rows(tree: Node, rows: pa.Table, observations: pa.Table) -> Iterator[Entry]:
    """Yield the versions that match, given all record rows and all observation rows of some records.

    `rows` has indexing.ENTRY_COLUMNS, `observations` indexing.OBSERVATION_COLUMNS.
    """
    return _matching(tree, entries_of(rows, observations))


def matching_entries(archive: Archive, tree: Node, *, after: int = 0, upto: int) -> Iterator[Entry]:
    """Yield the matching versions of every record that commits after `after` touched, as at `upto`.

    A record is judged whole: a new observation may make an old version match (`state:gone`). With `after` 0
    that is the whole archive as at `upto`, read in bounded memory.
    """
    entries = changed_entries(archive, after, upto) if after else every_entry(archive, upto)
    return _matching(tree, entries)


def matching_records(archive: Archive, tree: Node, *, after: int = 0, upto: int) -> frozenset[str]:
    """Return the records of which a version matches, among those that commits after `after` touched."""
    return frozenset(entry.record_id for entry in matching_entries(archive, tree, after=after, upto=upto))


def _matching(tree: Node, entries: Iterator[Entry]) -> Iterator[Entry]:
    return (entry for entry in entries if matches(tree, read(entry)))
