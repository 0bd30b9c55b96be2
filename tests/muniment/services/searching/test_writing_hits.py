"""Every hit is written, the manifest's counts are the search's, and a run that was stopped goes on."""

import csv
import json
import re
import stat
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from muniment.adapters.tantivy.index import TantivyIndex
from muniment.search.errors import QueryError
from muniment.services.hit_files import HIT_COLUMNS, FileFormat
from muniment.services.indexing import catch_up
from muniment.services.searching import SearchFilters, search
from muniment.services.writing_hits import HitsManifest, write_hits
from schemas.errors import BadInputError, IntegrityError
from tests.muniment.services.searching.commits import START, Commits, look, row

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
Write = Callable[..., HitsManifest]


@pytest.fixture
def borough(commits: Commits, index: TantivyIndex) -> Commits:
    commits.commit(
        *(
            row(f"x:{number}", f"bins {number}", filed_at=START + timedelta(days=number))
            for number in range(9)
        ),
        row("facebook:2", "New bin day ŷ", filed_at=START + timedelta(days=20), title="Bins & bags"),
    )
    commits.commit(row("x:1", "The bins came", filed_at=START + timedelta(days=1)), look("x:3", 9, "gone"))
    catch_up(commits.archive(), index, "borough")
    return commits


@pytest.fixture
def write(commits: Commits, index: TantivyIndex, tmp_path: Path) -> Write:
    def written(name: str, typed: str = "bin", **more: Any) -> HitsManifest:
        return write_hits(
            commits.archive(),
            index,
            "borough",
            typed,
            tmp_path / name,
            file_format=FileFormat(name.rpartition(".")[2]),
            now=NOW,
            **{"page_hits": 4, **more},
        )

    return written


def rows_of(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".parquet":
        return list(pq.read_table(path).to_pylist())
    with path.open(encoding="utf-8-sig", newline="") as written:
        if path.suffix == ".csv":
            return list(csv.DictReader(written))
        return [json.loads(line) for line in written]


@pytest.mark.parametrize("name", ["hits.csv", "hits.jsonl", "hits.parquet"])
def test_every_hit_is_written_newest_first_and_counted(
    borough: Commits, index: TantivyIndex, write: Write, tmp_path: Path, name: str
) -> None:
    manifest = write(name)
    answer = search(borough.archive(), index, "borough", "bin", size=100)
    rows = rows_of(tmp_path / name)
    assert [row["version_id"] for row in rows] == [one.entry.version_id.hex() for one in answer.found]
    assert len(rows) == manifest.rows == manifest.versions == answer.statement.versions == 11
    assert (manifest.records, manifest.watermark) == (10, 2)
    assert tuple(rows[0]) == manifest.columns == HIT_COLUMNS
    assert (rows[0]["title"], rows[0]["text"]) == ("Bins & bags", "New bin day ŷ")
    assert {row["state"] for row in rows} == {"live", "gone"}
    told = json.loads((tmp_path / f"{name}.manifest.json").read_text(encoding="utf-8"))
    assert (told["typed"], told["sha256"], told["rows"]) == ("bin", manifest.sha256, 11)
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == [
        name,
        f"{name}.manifest.json",
    ]
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


@pytest.mark.usefixtures("borough")
def test_parquet_keeps_days_times_and_lists(write: Write, tmp_path: Path) -> None:
    write("hits.parquet", "facebook OR title OR bags", filters=SearchFilters(platforms=["facebook"]))
    (row_,) = rows_of(tmp_path / "hits.parquet")
    assert (row_["dated"], row_["accounts"], row_["current"]) == (date(2024, 4, 20), ["main"], True)
    assert row_["filed_at_utc"] == START + timedelta(days=20)


@pytest.mark.parametrize("name", ["hits.csv", "hits.jsonl", "hits.parquet"])
def test_what_was_stopped_goes_on_and_gives_the_same_file(
    borough: Commits, write: Write, tmp_path: Path, name: str
) -> None:
    whole = write(f"whole-{name}")

    def stop(_hits: int) -> None:
        if len(list((tmp_path / f"{name}.parts").glob("0*"))) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(name, progress=stop)
    assert not (tmp_path / name).exists()
    told: list[Sequence[str]] = []
    first = next(iter(sorted((tmp_path / f"{name}.parts").glob("0*"))))
    made = first.stat().st_mtime_ns
    borough.read_rows = 0
    resumed = write(
        name,
        progress=lambda _: first.stat().st_mtime_ns == made or pytest.fail("written twice"),
        telling=told.append,
    )
    assert told == []  # it was entered when it was begun
    assert rows_of(tmp_path / name) == rows_of(tmp_path / f"whole-{name}")
    assert resumed.rows == whole.rows


def test_parts_of_another_search_or_of_an_older_index_are_not_used(
    borough: Commits, index: TantivyIndex, write: Write, tmp_path: Path
) -> None:
    def stop(_hits: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write("hits.csv", progress=stop)
    borough.commit(row("x:99", "bins at last", filed_at=START + timedelta(days=50)))
    catch_up(borough.archive(), index, "borough")
    assert write("hits.csv").rows == 12
    assert rows_of(tmp_path / "hits.csv")[0]["record_id"] == "x:99"


@pytest.mark.usefixtures("borough")
def test_a_search_that_finds_nothing_writes_an_empty_file(write: Write, tmp_path: Path) -> None:
    for name in ("none.csv", "none.jsonl", "none.parquet"):
        assert write(name, "zzz").rows == 0
        assert rows_of(tmp_path / name) == []


def test_records_that_come_in_meanwhile_do_not_mix_in(
    borough: Commits, index: TantivyIndex, write: Write
) -> None:
    def more(_hits: int) -> None:
        borough.commit(row(f"x:{borough.last}00", "bins"), look("x:4", borough.last, "gone"))
        catch_up(borough.archive(), index, "borough")

    manifest = write("hits.jsonl", "bin -state:gone", progress=more)
    assert (manifest.rows, manifest.watermark) == (10, 2)


def test_a_version_that_the_archive_lacks_stops_the_export(borough: Commits, write: Write) -> None:
    borough.rows = [kept for kept in borough.rows if kept["record_id"] != "x:1"]
    with pytest.raises(IntegrityError):
        write("hits.csv")


@pytest.mark.parametrize(
    "start",
    ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", " =", "\x00=", "\xa0+", "\u200b@", "\ufeff\uff0b"],
)
def test_no_cell_begins_a_formula(
    commits: Commits, index: TantivyIndex, write: Write, tmp_path: Path, start: str
) -> None:
    text = f'{start}HYPERLINK("http://evil.example","bins")'
    commits.commit(row("x:1", text, author_name=f"{start}cmd"))
    catch_up(commits.archive(), index, "borough")
    write("hits.csv", "bins")
    (line,) = rows_of(tmp_path / "hits.csv")
    assert (line["text"], line["author_name"]) == (f"'{text}", f"'{start}cmd")


@pytest.mark.parametrize("divider", [";", "\t", "\r", "\n", ",", "|"])
def test_no_formula_begins_where_a_spreadsheet_divides_cells_otherwise(
    commits: Commits, index: TantivyIndex, write: Write, tmp_path: Path, divider: str
) -> None:
    commits.commit(
        row("x:1", f"Thanks for the bins{divider} =HYPERLINK(1){divider}-cmd|x!A1{divider}done - at last")
    )
    catch_up(commits.archive(), index, "borough")
    write("hits.csv", "bins")
    raw = (tmp_path / "hits.csv").read_text(encoding="utf-8-sig")
    # As read where the list separator is a semicolon, and as pasted from a table: no quote counts there.
    cells = [cell for line in raw.splitlines() for cell in re.split(r"[;\t]", line)]
    assert not [cell for cell in cells if cell.strip().startswith(("=", "+", "-", "@"))]
    assert "done - at last" in raw


def test_a_text_with_signs_inside_is_written_as_it_is(
    commits: Commits, index: TantivyIndex, write: Write, tmp_path: Path
) -> None:
    text = "bins: a-b; c = d, e@f.uk, 1+1; x -y"
    commits.commit(row("x:1", text))
    catch_up(commits.archive(), index, "borough")
    for name in ("hits.csv", "hits.jsonl", "hits.parquet"):
        write(name, "bins")
        assert rows_of(tmp_path / name)[0]["text"] == text


@pytest.mark.parametrize("change", [{"columns": ["record_id", "text"]}, {"columns": None}])
def test_parts_with_other_columns_are_refused_with_what_to_do(
    borough: Commits, write: Write, tmp_path: Path, change: dict[str, Any]
) -> None:
    def stop(_hits: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write("hits.csv", progress=stop)
    plan = tmp_path / "hits.csv.parts" / "plan.json"
    told = {**json.loads(plan.read_text()), **change}
    plan.write_text(json.dumps({key: value for key, value in told.items() if value is not None}))
    with pytest.raises(BadInputError, match=r"Remove hits\.csv\.parts"):
        write("hits.csv")
    assert borough.last == 2
    assert not (tmp_path / "hits.csv").exists()


@pytest.mark.parametrize("name", ["hits.csv", "hits.jsonl", "hits.parquet"])
def test_an_earlier_commit_is_written_as_it_stood(
    borough: Commits, index: TantivyIndex, write: Write, tmp_path: Path, name: str
) -> None:
    then = write(f"now-{name}")
    borough.commit(row("x:50", "bins again"), look("x:4", 20, "gone"))
    catch_up(borough.archive(), index, "borough")
    manifest = write(name, as_at=2)
    assert rows_of(tmp_path / name) == rows_of(tmp_path / f"now-{name}")
    assert (manifest.as_at, manifest.watermark, then.as_at) == (2, 2, None)
    assert (manifest.records, manifest.versions, manifest.rows) == (then.records, then.versions, 11)
    with pytest.raises(BadInputError, match="the archive has 1 to 3"):
        write(name, as_at=4)
    with pytest.raises(QueryError, match="cannot be asked here"):
        write(name, "class:complaint", as_at=2)


@pytest.mark.parametrize("name", ["long.csv", "long.jsonl", "long.parquet"])
def test_a_text_longer_than_readers_of_csv_take_unasked_is_written_and_counted(
    commits: Commits, index: TantivyIndex, write: Write, tmp_path: Path, name: str
) -> None:
    text = "bins\n" + "The minutes say: resolved. " * 6_000
    commits.commit(row("x:1", text))
    catch_up(commits.archive(), index, "borough")
    assert write(name, "bins").rows == 1
    assert rows_of(tmp_path / name)[0]["text"] == text


@pytest.mark.usefixtures("borough")
def test_who_enters_what_is_given_out_hears_each_record_once_before_anything_is_written(
    write: Write, tmp_path: Path
) -> None:
    heard: list[tuple[int, list[str]]] = []

    def hear(record_ids: Sequence[str]) -> None:
        assert [path.name for path in tmp_path.glob("hits.csv*")] == ["hits.csv.parts"]
        assert not list((tmp_path / "hits.csv.parts").glob("[!.]*"))
        assert [record_ids[at] for at in range(len(record_ids))] == [*record_ids[:2], *record_ids[2:]]
        heard.append((len(record_ids), list(record_ids)))

    manifest = write("hits.csv", telling=hear)
    records = {one["record_id"] for one in rows_of(tmp_path / "hits.csv")}
    ((count, told),) = heard
    assert count == len(told) == manifest.records
    assert set(told) == records
