"""Looking at every store from outside, before a disposal and after it: what is left, what came back."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import duckdb
import polars as pl
import pyarrow as pa

from bench.comments import COUNCIL, items
from bench.disposal_bytes import named_on
from bench.disposal_site import Site
from bench.disposal_town import Town, id_of, number_of
from bench.disposal_words import dead_in, known_to
from muniment.adapters.s3.files import S3Files
from muniment.services.verifying import verify

__all__ = ["Before", "look_after", "look_before", "verified"]

_PAGE: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What is to go, and which looks are `blind`: they do not see it while it is there."""

    doomed: Sequence[str]
    blind: Sequence[str]


def look_before(site: Site, numbers: Sequence[int], holds: Sequence[int]) -> Before:
    """Return what is to go: what is asked and still held, less what holds cover; and try every look on it."""
    asked = {id_of(number) for number in numbers} - {id_of(number) for number in holds}
    doomed = sorted(asked & _ids_by_duckdb(site))
    wanted = [one.encode() for one in doomed]
    seen = frozenset[bytes]().union(*named_on(site.folders, wanted).values())
    blind = [f"{len(wanted) - len(seen)} ids in no byte"] if len(seen) < len(wanted) else []
    words = _words(doomed)
    blind += [f"{copy} knows {n}" for copy, n in known_to(site, doomed, words) if n < len(doomed)]
    return Before(doomed=doomed, blind=blind)


def look_after(site: Site, run: str, doomed: Sequence[str], records: int) -> list[str]:
    """Look at every store, capture a page again, and return what is wrong."""
    town = Town(site=site)
    faults = [*_left_in_stores(town, run, doomed)]
    faults += _came_back(town, doomed, records)
    if isinstance(town.files, S3Files):
        faults += _hidden_in_bucket(town, town.files)
    wanted = frozenset(one.encode() for one in doomed)
    faults += [f"{len(ids)} ids in {place}" for place, ids in named_on(site.folders, wanted).items()]
    faults += [f"{copy} knows {n} words" for copy, n in known_to(site, doomed, _words(doomed)) if n]
    dead = {name: dead_in(name) for name in site.servers}
    faults += [f"Elasticsearch {name} holds {count} deleted entries" for name, count in dead.items() if count]
    return faults


def verified(site: Site) -> list[str]:
    """Return what `muniment verify` would find."""
    town = Town(site=site)
    verdict = verify(
        COUNCIL,
        archive=town.archive,
        seals=town.seals,
        media=town.media,
        presence=town.register,
        coverage=town.register,
        audit=town.register,
    )
    return [f"{one.what} {one.why}" for one in verdict.faults]


def _left_in_stores(town: Town, run: str, doomed: Sequence[str]) -> Iterator[str]:
    """Ask the product's own proofs, and what it certified."""
    left = town.archive.remains(pa.array(doomed, pa.string()))
    if left.rows or left.stray_files or left.unnamed_media:
        yield f"the archive: {left}"
    if town.register.mentions(COUNCIL, doomed):
        yield "the register names them"
    if town.register.disposed(COUNCIL, doomed) != set(doomed):
        yield "stubs are missing"
    told = town.office.destroying.certifying.read(run)
    if told["records"] != len(doomed) or not all(one["proved"] for one in told["proofs"]):
        yield "the certificate tells something else"


def _came_back(town: Town, doomed: Sequence[str], records: int) -> Iterator[str]:
    """Read pages with such records from the platform again; then let outside readers say what is held."""
    gone = set(doomed)
    first = min(number_of(doomed[0]), records - _PAGE)
    before = _ids_by_duckdb(town.site)
    again = items(first, _PAGE)
    kept = town.archive.keep(again)
    if kept.disposed < gone & {one.record.record_id for one in again.filings} or kept.new:
        yield "a second reading was not refused"
    after = _ids_by_duckdb(town.site)
    if after != before or after & gone:
        yield f"DuckDB: {len(after & gone)} held still, {len(after ^ before)} came or went"
    if _ids_by_polars(town) != after:
        yield "Polars reads something else than DuckDB"
    town.bring_up(town.indexes)


def _hidden_in_bucket(town: Town, files: S3Files) -> Iterator[str]:
    """Look at every version, mark and unfinished upload, and at what no store of the archive would name."""
    bucket = files.bucket
    hidden = [one for one in bucket.versions("") if not one.latest or one.marker]
    if hidden:
        yield f"{len(hidden)} older versions or marks of deletion, first {hidden[0].key}"
    uploads = list(bucket.uploads(""))
    if uploads:
        yield f"{len(uploads)} unfinished uploads, first {uploads[0][0]}"
    with town.archive.locked() as table:
        active = {
            f"{town.archive.table_root}/{path}"
            for path in pa.table(table.get_add_actions())["path"].to_pylist()
        }
        held = {
            one.key for one in bucket.listed(f"{town.archive.table_root}/") if "/_delta_log/" not in one.key
        }
    if held != active:
        yield f"{len(held ^ active)} data files are not those of the log"


def _words(doomed: Sequence[str]) -> list[str]:
    """Return the words that stand in these records' texts alone: each tells its record's number."""
    return [str(number_of(one)) for one in doomed]


def _ids_by_duckdb(site: Site) -> set[str]:
    """Read the table with DuckDB; of an S3 server, what lies on its own disk."""
    asked = "select distinct record_id from read_parquet(?, union_by_name=true) where record_id is not null"
    files = [str(path) for path in (site.council_on_disk / "table").rglob("part-*.parquet")]
    with duckdb.connect() as reader:
        reader.execute("set enable_progress_bar = false")
        return {one for (one,) in reader.execute(asked, [files]).fetchall()}


def _ids_by_polars(town: Town) -> Collection[str]:
    """Read the table with Polars, by its log."""
    options = town.files.options()
    lazy = pl.scan_delta(
        town.files.uri(town.archive.table_root), storage_options=None if options is None else dict(options)
    )
    found: list[str] = lazy.select(pl.col("record_id").drop_nulls().unique()).collect()["record_id"].to_list()
    return set(found)
