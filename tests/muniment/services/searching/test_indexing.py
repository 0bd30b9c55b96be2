"""The index is a true view of the archive: what it says follows from the archive's rows, by commit number."""

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import override

from muniment.adapters.tantivy.index import TantivyIndex
from muniment.search.answer import Order
from muniment.search.entry import Entry
from muniment.search.parse import parse
from muniment.services.indexing import (
    ENTRY_COLUMNS,
    OBSERVATION_COLUMNS,
    Indexed,
    catch_up,
    entries_of,
    rebuild,
)
from schemas.errors import IntegrityError
from tests.muniment.services.searching.commits import START, Commits, look, row


def found(index: TantivyIndex, typed: str) -> tuple[int, int, int]:
    page = index.search("borough", parse(typed), order=Order.NEWEST)
    return page.records, page.versions, page.watermark


def test_an_empty_archive_gives_an_empty_index(commits: Commits, index: TantivyIndex) -> None:
    assert catch_up(commits.archive(), index, "borough") == Indexed(after=-1, upto=0, versions=0)
    assert index.watermark("borough") == 0


def test_nothing_new_reads_and_writes_nothing(commits: Commits, index: TantivyIndex) -> None:
    commits.commit(row("x:1", "bins"), look("x:1", 1, text="bins"))
    catch_up(commits.archive(), index, "borough")
    commits.read_rows = 0
    assert catch_up(commits.archive(), index, "borough") == Indexed(after=1, upto=1, versions=0)
    assert commits.read_rows == 0


def test_commits_that_bring_no_record_only_move_the_watermark(commits: Commits, index: TantivyIndex) -> None:
    commits.commit(row("x:1", "bins"), look("x:1", 1, text="bins"))
    catch_up(commits.archive(), index, "borough")
    commits.commit()
    catch_up(commits.archive(), index, "borough")
    assert found(index, "bins") == (1, 1, 2)


def test_an_edit_makes_both_versions_edited_and_moves_current(commits: Commits, index: TantivyIndex) -> None:
    commits.commit(row("x:1", "bins"), look("x:1", 1, text="bins"), row("x:2", "bins"))
    catch_up(commits.archive(), index, "borough")
    assert found(index, "bins edited:no") == (2, 2, 1)
    commits.commit(row("x:1", "bins missed"), look("x:1", 2, text="bins missed"))
    catch_up(commits.archive(), index, "borough")
    assert found(index, "bins") == (2, 3, 2)
    assert found(index, "bins edited:yes") == (1, 2, 2)


def test_going_back_to_an_old_wording_adds_no_version(commits: Commits, index: TantivyIndex) -> None:
    commits.commit(row("x:1", "first"), look("x:1", 1, text="first"))
    commits.commit(row("x:1", "second"), look("x:1", 2, text="second"))
    commits.commit(look("x:1", 3, text="first"))
    catch_up(commits.archive(), index, "borough")
    assert found(index, "first OR second") == (1, 2, 3)
    current = [entry.text for entry in entries(commits) if entry.current]
    assert current == ["first"]


def entries(commits: Commits) -> list[Entry]:
    rows = commits.scan(series=["public"], columns=ENTRY_COLUMNS)
    observations = commits.scan(series=["observation"], columns=OBSERVATION_COLUMNS)
    return list(entries_of(pa.Table.from_batches(rows), pa.Table.from_batches(observations)))


def test_the_state_is_that_of_the_latest_look_on_every_version(commits: Commits, index: TantivyIndex) -> None:
    commits.commit(row("x:1", "bins"), look("x:1", 1, text="bins"))
    commits.commit(row("x:1", "bins day"), look("x:1", 5, "hidden", text="bins day"))
    catch_up(commits.archive(), index, "borough")
    commits.commit(look("x:1", 3, "missing"))
    catch_up(commits.archive(), index, "borough")
    assert found(index, "state:hidden") == (1, 2, 3)
    commits.commit(look("x:1", 9, "gone"))
    catch_up(commits.archive(), index, "borough")
    assert found(index, "deleted:yes") == (1, 2, 4)
    assert [entry.current for entry in entries(commits)] == [False, True]


def test_a_record_is_found_under_every_account_that_saw_it(commits: Commits, index: TantivyIndex) -> None:
    commits.commit(row("x:1", "bins"), look("x:1", 1, text="bins"))
    commits.commit(look("x:1", 2, account="partner", text="bins"))
    catch_up(commits.archive(), index, "borough")
    assert found(index, "account:main") == found(index, "account:partner") == (1, 1, 2)


def test_an_unread_version_understood_later_is_no_edit(commits: Commits, index: TantivyIndex) -> None:
    commits.commit(row("x:1", "", kind="unread", series="unread"), look("x:1", 1))
    commits.commit(row("x:1", "bins"), look("x:1", 1, text="bins"))
    catch_up(commits.archive(), index, "borough")
    assert found(index, "edited:yes") == (0, 0, 2)
    assert found(index, "account:main") == (1, 2, 2)


def test_an_edit_we_never_saw_happen_is_an_edit_by_its_time(commits: Commits, index: TantivyIndex) -> None:
    commits.commit(
        row("x:1", "bins", version_at=START + timedelta(hours=1)), row("x:2", "bins", version_at=START)
    )
    catch_up(commits.archive(), index, "borough")
    assert found(index, "edited:yes") == (1, 1, 1)


def test_a_date_is_the_london_date(commits: Commits, index: TantivyIndex) -> None:
    late = START + timedelta(hours=1)  # 23:30 UTC on 31 March
    commits.commit(row("x:1", "bins", filed_at=late))
    catch_up(commits.archive(), index, "borough")
    assert found(index, "date:2024-04-01")[1] == 1
    assert found(index, "date:2024-03-31")[1] == 0


def test_a_phrase_never_runs_from_the_title_into_the_text(commits: Commits, index: TantivyIndex) -> None:
    commits.commit(row("wordpress:1", "collection day", title="Bin"))
    catch_up(commits.archive(), index, "borough")
    assert found(index, "bin collection")[1] == 1
    assert found(index, '"bin collection"')[1] == 0


def test_an_index_ahead_of_its_archive_is_refused(commits: Commits, index: TantivyIndex) -> None:
    index.apply("borough", 5, (), ())
    with pytest.raises(IntegrityError, match="commit 5"):
        catch_up(commits.archive(), index, "borough")


class Watched(TantivyIndex):
    """Tells how far each apply went."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.applied: list[int] = []

    @override
    def apply(
        self,
        council: str,
        upto: int,
        entries: Iterable[Entry],
        erased: Iterable[str],
        *,
        after: int | None = None,
    ) -> None:
        super().apply(council, upto, entries, erased, after=after)
        self.applied.append(upto)


def test_a_large_catch_up_moves_the_watermark_in_portions(commits: Commits, tmp_path: Path) -> None:
    index = Watched(tmp_path)
    commits.commit(row("x:0", "bins"))
    catch_up(commits.archive(), index, "borough")
    for number in range(1, 9):
        commits.commit(*(row(f"x:{number}{digit}", "bins") for digit in range(4)))
    assert catch_up(commits.archive(), index, "borough", portion_rows=10).versions == 32
    assert index.applied == [3, 5, 7, 9]
    assert found(index, "bins") == (33, 33, 9)


def test_a_rebuild_in_parts_misses_and_repeats_nothing(commits: Commits, index: TantivyIndex) -> None:
    commits.commit(*(row(f"x:{number}", f"bins {again}") for number in range(200) for again in range(2)))
    assert rebuild(commits.archive(), index, "borough", part_rows=50).versions == 400
    assert found(index, "bins edited:yes") == (200, 400, 1)


CHANGES = st.lists(
    st.lists(
        st.tuples(
            st.sampled_from(["x:1", "x:2", "facebook:3"]),
            st.sampled_from(["bins", "bins missed", "tax", None]),
            st.integers(0, 20),
            st.sampled_from(["live", "hidden", "missing", "gone"]),
            st.sampled_from(["main", "partner"]),
        ),
        min_size=1,
        max_size=4,
    ),
    min_size=1,
    max_size=8,
)
QUESTIONS = [
    "-zzz",
    "bins",
    '"bins missed"',
    "state:live",
    "deleted:yes",
    "edited:yes",
    "account:partner tax",
]


@settings(max_examples=25, deadline=None)
@given(changes=CHANGES, stops=st.sets(st.integers(0, 7)))
def test_a_rebuilt_index_answers_as_one_that_caught_up_step_by_step(
    changes: list[list[tuple[str, str | None, int, str, str]]], stops: set[int]
) -> None:
    commits = Commits()
    known: set[bytes] = set()
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        stepwise, rebuilt = TantivyIndex(Path(folder) / "a"), TantivyIndex(Path(folder) / "b")
        for number, change in enumerate(changes):
            rows = []
            for record, text, hours, state, account in change:
                version = row(record, text or "")
                if text is not None and version["version_id"] not in known:
                    known.add(version["version_id"])
                    rows.append(version)
                rows.append(look(record, hours, state, account=account, text=text))
            commits.commit(*rows)
            if number in stops:
                catch_up(commits.archive(), stepwise, "borough")
        catch_up(commits.archive(), stepwise, "borough")
        rebuild(commits.archive(), rebuilt, "borough")
        for question in QUESTIONS:
            pages = [
                index.search("borough", parse(question), order=Order.NEWEST) for index in (stepwise, rebuilt)
            ]
            assert pages[0] == pages[1]
