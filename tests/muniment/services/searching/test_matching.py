"""Rows of the archive are matched with a query as an index would answer at that commit."""

import pyarrow as pa

from muniment.adapters.tantivy.index import TantivyIndex
from muniment.search.answer import Order
from muniment.search.parse import parse
from muniment.services.indexing import ENTRY_COLUMNS, OBSERVATION_COLUMNS, catch_up
from muniment.services.matching import matching_entries, matching_records, matching_rows
from tests.muniment.services.searching.commits import Commits, look, row


def test_only_records_that_the_new_commits_touched_are_judged(commits: Commits) -> None:
    commits.commit(row("x:1", "bins"), look("x:1", 1, text="bins"))
    second = commits.commit(row("x:2", "bins"), look("x:2", 2, text="bins"), row("x:3", "parks"))
    found = matching_records(commits.archive(), parse("bins").tree, after=second - 1, upto=second)
    assert found == {"x:2"}


def test_a_new_look_makes_an_old_version_match(commits: Commits) -> None:
    first = commits.commit(row("x:1", "bins"), look("x:1", 1, text="bins"))
    second = commits.commit(look("x:1", 30, "gone"))
    tree = parse("bins state:gone").tree
    assert matching_records(commits.archive(), tree, upto=first) == frozenset()
    assert matching_records(commits.archive(), tree, after=first, upto=second) == {"x:1"}


def test_a_table_of_rows_is_matched_as_it_is(commits: Commits) -> None:
    commits.commit(row("x:1", "bins"), look("x:1", 1, text="bins"), row("x:2", "parks"))
    rows, observations = (
        pa.Table.from_batches(commits.scan(series=[series], columns=columns))
        for series, columns in (("public", ENTRY_COLUMNS), ("observation", OBSERVATION_COLUMNS))
    )
    found = matching_rows(parse("bins").tree, rows, observations)
    assert [entry.record_id for entry in found] == ["x:1"]


def test_every_commit_is_answered_as_the_index_stood_then(commits: Commits, index: TantivyIndex) -> None:
    tree = parse("bins -state:gone")
    commits.commit(row("x:1", "bins"), look("x:1", 1, text="bins"))
    commits.commit(row("x:2", "bins"), look("x:2", 2, text="bins"))
    commits.commit(look("x:1", 40, "gone"), row("x:2", "bins, missed"))
    told = []
    archive = commits.archive()
    for commit_no in (1, 2, 3):
        entries = matching_entries(archive, tree.tree, upto=commit_no)
        told.append(sorted(entry.version_id for entry in entries))
    catch_up(archive, index, "borough")
    page = index.search("borough", tree, order=Order.NEWEST)
    assert [len(found) for found in told] == [1, 2, 2]
    assert told[-1] == sorted(hit.version_id for hit in page.hits)
