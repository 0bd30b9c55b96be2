"""What each step of a backfill costs by itself, in processor time a record: where the time goes.

    python -m bench.backfill --stages --records 20000

Each step runs alone over the whole corpus, the product's own functions called as the product calls them, so
the lines add up to about the whole. `header` is part of `cut`.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from bench.comments import COUNCIL
from bench.corpus import pages
from bench.figures import Measured
from bench.replayed import Replayed, response
from connectors.cutting import HeaderMaker
from connectors.facebook import FacebookConnector
from connectors.facebook.reading import read
from muniment.adapters.delta.held import HeldRows
from muniment.adapters.delta.intake import sort_out
from muniment.adapters.delta.layout import CAPTURED, write_files
from muniment.adapters.delta.rows import tables_of
from muniment.adapters.delta.scan import TableReader
from muniment.adapters.delta.table import CouncilTable
from muniment.adapters.files import LocalFiles
from muniment.adapters.sql.register import SqlRegister
from muniment.adapters.tantivy.index import TantivyIndex
from muniment.collector import collector_paused
from muniment.domain.evidence import leaf
from muniment.ports import Batch
from muniment.search.entry import integers, keywords
from muniment.search.tokens import streams
from muniment.services.indexing import ENTRY_COLUMNS, OBSERVATION_COLUMNS, entries_of
from muniment.services.reading import Cut, capture_row, cut, findings
from schemas.account import Account
from schemas.capture import Walk, Window
from schemas.digests import version, version_id
from schemas.vocabulary import Stream

__all__ = ["stages"]

_SALT: Final = b"s" * 32


def stages(records: int, folder: Path) -> list[Measured]:
    """Measure every step over so many records."""
    answers = list(pages(records))
    connector = Replayed(answers)
    at = datetime.now(UTC)
    account = Account(account="main", council=COUNCIL, platform="facebook", handle="caerwold")
    walk = Walk(walk_id="walk", account=account, stream=Stream.COMMENTS, ask=Window(start=at, end=at))
    responses = [response(walk, page, marker=None) for page in answers]
    steps = _Steps(records)
    register = SqlRegister.open(f"sqlite:///{folder / 'register.db'}")
    register.enrol(COUNCIL, [account], source_digest=b"", now=at)
    files = LocalFiles()
    home = CouncilTable(folder / "table", files)
    home.create()

    cuts: list[Cut] = steps.time("cut", lambda: [cut(connector, one) for one in responses])
    items = [exhibit for one in cuts for exhibit in one.exhibits]
    maker = HeaderMaker(responses[0])
    steps.time(
        "  header (part of cut)", lambda: [maker.exhibit(x.record_id, x.parts, (((0, 9),),)) for x in items]
    )
    ids = tuple(item.record_id for item in items)
    steps.time(
        "presence: what is known (twice)",
        lambda: (register.known(COUNCIL, ids), register.known(COUNCIL, ids)),
    )
    readings = steps.time("read", lambda: [read(exhibit) for exhibit in items])
    rule = FacebookConnector.digest_rules[1]
    digests = steps.time("digest", lambda: [version(rule, one.shape, one.items) for one in readings])
    steps.time(
        "version id", lambda: [version_id(x.record_id, d) for x, d in zip(items, digests, strict=True)]
    )
    found = steps.time(
        "findings (read and digest in it)", lambda: findings(connector, walk, cuts, known={}, council_ids=())
    )
    batch = Batch(
        captures=[capture_row(walk, one, sandbox_clock=True) for one in cuts],
        filings=found.filings,
        sightings=found.sightings,
    )
    held = HeldRows(TableReader(home.root, files, home.read), unseen=0)
    intake = steps.time(
        "sort out what is news",
        lambda: sort_out(batch, known={}, disposed=frozenset(), held=held, queue_taken=0),
    )
    steps.time("leaf", lambda: [leaf(_SALT, exhibit) for exhibit in items])
    tables: dict[Any, pa.Table] = steps.time(
        "Arrow (leaf in it)", lambda: dict(tables_of(intake, council=COUNCIL, commit_no=1, at=at))
    )
    steps.time(
        "Parquet",
        lambda: [
            list(write_files(files, home.root, part, [rows], at, level=CAPTURED))
            for part, rows in tables.items()
        ],
    )
    seen = tables["observation", at.year]
    steps.time("presence: taken in", lambda: register.catch_up(COUNCIL, 1, iter(seen.to_batches())))
    entries = steps.time(
        "entries of the index",
        lambda: list(entries_of(_with_series(tables), seen.select(OBSERVATION_COLUMNS))),
    )
    steps.time("tokenise", lambda: [streams(entry.text) for entry in entries])
    steps.time("index fields", lambda: [(integers(entry), keywords(entry)) for entry in entries])
    index = TantivyIndex(folder / "index")
    steps.time("index (tokenise and fields in it)", lambda: index.apply(COUNCIL, 1, iter(entries), ()))
    register.close()
    return steps.found


def _with_series(tables: dict[Any, pa.Table]) -> pa.Table:
    parts = []
    for (series, _), rows in tables.items():
        if series in ("own", "public"):
            whole = (
                rows
                if "series" in rows.column_names
                else rows.append_column("series", pa.repeat(series, len(rows)))
            )
            parts.append(whole.select(ENTRY_COLUMNS))
    return pa.concat_tables(parts)


class _Steps:
    def __init__(self, records: int) -> None:
        self._records = records
        self.found: list[Measured] = []

    def time(self, name: str, work: Callable[[], Any]) -> Any:
        with collector_paused():  # as capture and index have it
            since = time.process_time()
            result = work()
            spent = 1e6 * (time.process_time() - since) / self._records
        self.found.append(Measured(name=name, value=spent, unit="µs"))
        return result
