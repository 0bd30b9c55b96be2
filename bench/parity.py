"""The same question gives the same answer: embedded = Elasticsearch 8.19 = Elasticsearch 9 = plain evaluator.

On 20,000 entries every query is also answered by the plain evaluator, which knows no engine; beyond that the
engines are held against one another. Whole sets of ids are compared (their count, sum and exclusive or),
exact totals of records and versions, facets, and the order by time. Exits 1 on any difference, or when
fewer than nine queries of ten found something: parity of nothing proves nothing.

`python -m bench.parity --records 1000000 --queries 2000`; without servers: `--servers` alone.
"""

import argparse
import itertools
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from bench.engines import EMBEDDED, NotUpError, engines
from bench.parity_corpus import invented, real
from bench.parity_queries import by_hand, generated
from muniment.ports import SearchIndex
from muniment.search.answer import Order
from muniment.search.entry import Entry
from muniment.search.match import matches, read
from muniment.search.tree import Query

__all__ = ["main"]

_ORACLE_ENTRIES: Final = 20_000
_REAL_ENTRIES: Final = 4_000
_FACETS_EVERY, _BEST = 5, 50
_WITH_HITS: Final = 0.9

_Asked = Sequence[tuple[str, Query]]


class Ids(NamedTuple):
    """A set of version ids, in little: how many, their sum and their exclusive or, over 128 bits of each."""

    size: int
    sums: tuple[int, int]
    mixed: tuple[int, int]

    @classmethod
    def of(cls, batches: Iterable[Iterable[bytes]]) -> "Ids":
        """Return the digest of what the batches hold."""
        count, sums, mixed = 0, np.zeros(2, np.uint64), np.zeros(2, np.uint64)
        for batch in batches:
            ids = np.frombuffer(b"".join(one[:16] for one in batch), np.uint64).reshape(-1, 2)
            count += len(ids)
            sums += ids.sum(axis=0, dtype=np.uint64)
            mixed ^= np.bitwise_xor.reduce(ids, axis=0) if len(ids) else np.zeros(2, np.uint64)
        return cls(count, (int(sums[0]), int(sums[1])), (int(mixed[0]), int(mixed[1])))


@dataclass(slots=True)
class Row:
    """One class of queries: how many, how many found something, what differed and where."""

    queries: int = 0
    with_hits: int = 0
    hits: int = 0
    differing: dict[str, int] = field(default_factory=dict)
    best_alike: int = 0
    best_asked: int = 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare, print the table, say whether all was alike."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=_ORACLE_ENTRIES)
    parser.add_argument("--queries", type=int, default=300, help="generated ones, beside those by hand")
    parser.add_argument("--servers", nargs="*", default=["8", "9"], help="8, 9, or none")
    asked = parser.parse_args(arguments)
    met = True
    with tempfile.TemporaryDirectory() as folder:
        try:
            with engines(Path(folder), tuple(asked.servers)) as opened:
                met &= _compare(opened, _ORACLE_ENTRIES, asked.queries, oracle=True)
                if asked.records > _ORACLE_ENTRIES:
                    met &= _compare(opened, asked.records, asked.queries, oracle=False)
        except NotUpError as error:
            print(error, file=sys.stderr)
            return 2
    print("\nNo difference." if met else "\nDIFFERENCES, or too few queries with hits: see above.")
    return 0 if met else 1


def _compare(opened: Mapping[str, SearchIndex], records: int, count: int, *, oracle: bool) -> bool:
    council = "parity_oracle" if oracle else "parity"

    def corpus() -> Iterator[Entry]:
        genuine = list(real(_REAL_ENTRIES))
        return itertools.chain(invented(records - len(genuine), seed=1 if oracle else 2), genuine)

    for name, index in opened.items():
        began = time.monotonic()
        index.rebuild(council, 1, corpus())
        print(f"{name}: {records:,} entries indexed in {time.monotonic() - began:,.0f} s", flush=True)
    entries = list(corpus()) if oracle else []
    sample = entries or list(itertools.islice(corpus(), 0, None, max(records // 20_000, 1)))
    asked = [("by hand", query) for query in by_hand()] + list(generated(sample, count))
    answers: dict[str, Callable[[Query], Ids]] = {
        name: lambda query, index=index: Ids.of(  # type: ignore[misc]
            [hit.version_id for hit in batch] for batch in index.every_hit(council, query).batches
        )
        for name, index in opened.items()
    }
    if oracle:
        readings = [(read(entry), entry.version_id) for entry in entries]
        answers["evaluator"] = lambda query: Ids.of(
            [[version_id for reading, version_id in readings if matches(query.tree, reading)]]
        )
    began = time.monotonic()
    rows = _answered(answers, opened, council, asked)
    print(f"{len(asked):,} queries in {time.monotonic() - began:,.0f} s")
    return _told(rows, records, [name for name in answers if name != EMBEDDED])


def _answered(
    answers: Mapping[str, Callable[[Query], Ids]],
    opened: Mapping[str, SearchIndex],
    council: str,
    asked: _Asked,
) -> dict[str, Row]:
    rows: dict[str, Row] = {}
    for number, (name, query) in enumerate(asked):
        row = rows.setdefault(name, Row())
        found = {engine: answer(query) for engine, answer in answers.items()}
        ours = found[EMBEDDED]
        row.queries += 1
        row.with_hits += ours.size > 0
        row.hits += ours.size
        bad = {engine for engine, ids in found.items() if ids != ours}
        whole = number % _FACETS_EVERY == 0
        pages = {engine: _page(index, council, query, whole=whole) for engine, index in opened.items()}
        bad |= {engine for engine, page in pages.items() if page != pages[EMBEDDED]}
        if pages[EMBEDDED][1] != ours.size:
            bad.add(EMBEDDED)
        if whole:
            best = {engine: _best(index, council, query) for engine, index in opened.items()}
            row.best_asked += len(opened) - 1
            row.best_alike += sum(order == best[EMBEDDED] for order in best.values()) - 1
        if number % 100 == 99:
            print(f"{number + 1:,} queries", flush=True)
        for engine in bad:
            row.differing[engine] = row.differing.get(engine, 0) + 1
            print(f"DIFFERS {engine}: {query.typed!r}: {found.get(engine)} against {ours}", flush=True)
    return rows


def _page(index: SearchIndex, council: str, query: Query, *, whole: bool) -> tuple[object, ...]:
    """Return totals, the newest, and every facet of one query in a few."""
    page = index.search(council, query, order=Order.NEWEST, size=_BEST)
    counts = index.facets(council, query).counts if whole else {}
    told = {facet: dict(sorted(values.items())) for facet, values in counts.items()}
    return page.records, page.versions, tuple(hit.version_id for hit in page.hits), told


def _best(index: SearchIndex, council: str, query: Query) -> tuple[bytes, ...]:
    page = index.search(council, query, order=Order.RELEVANT, size=_BEST)
    return tuple(hit.version_id for hit in page.hits)


def _told(rows: Mapping[str, Row], records: int, others: Sequence[str]) -> bool:
    print(f"\nParity on {records:,} entries; columns count queries that differ from the embedded engine\n")
    heads = "".join(f"{name:>12}" for name in others)
    print(f"{'class':<18}{'queries':>9}{'with hits':>11}{'hits':>14}{heads}{'best 50 alike':>16}")
    for name, row in rows.items():
        cells = "".join(f"{row.differing.get(other, 0):>12,}" for other in others)
        best = f"{row.best_alike} of {row.best_asked}"
        print(f"{name:<18}{row.queries:>9,}{row.with_hits:>11,}{row.hits:>14,}{cells}{best:>16}")
    queries = sum(row.queries for row in rows.values())
    with_hits = sum(row.with_hits for row in rows.values())
    differing = sum(sum(row.differing.values()) for row in rows.values())
    print(f"{'all':<18}{queries:>9,}{with_hits:>11,}; {differing} differences")
    return differing == 0 and with_hits >= _WITH_HITS * queries


if __name__ == "__main__":
    sys.exit(main())
