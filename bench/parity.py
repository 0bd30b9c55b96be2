"""The same question gives the same answer: embedded = Elasticsearch 8.19 = Elasticsearch 9 = plain evaluator.

On 20,000 entries every query is also answered by the plain evaluator, which knows no engine; beyond that the
engines are held against one another. Sets of ids are compared for every query; for one in five also exact
totals of records and versions, facets, and the order by time. Exits 1 on any difference, or when fewer than
nine queries of ten found something: parity of nothing proves nothing.

`python -m bench.parity --records 1000000 --queries 2000`; without servers: `--servers` alone. With `--keep
FOLDER` a run that was stopped, or that `--minutes` ended (exit 3: there is more to ask), goes on where it was
as long as the servers stay up; remove the folder after a change of the corpus.
"""

import argparse
import itertools
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from bench.engines import EMBEDDED, NotUpError, engines, sign_in_of
from bench.parity_asking import Compared, Engine, Ids, compare
from bench.parity_corpus import invented, real
from bench.parity_queries import by_hand, generated
from bench.parity_ranges import ElasticRanges, EmbeddedRanges, RangesOf
from muniment.adapters.elastic.server import connect
from muniment.ports import SearchIndex
from muniment.search.answer import Order
from muniment.search.entry import Entry
from muniment.search.match import matches, read
from muniment.search.tree import Everything, Query

__all__ = ["main"]

_ORACLE_ENTRIES: Final = 20_000
_REAL_ENTRIES: Final = 4_000
_WHOLE_EVERY: Final = 5
_WITH_HITS: Final = 0.9
_COMMIT: Final = 1
_PORTION: Final = 50_000
_UNFINISHED: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """What is compared: the engines, where the embedded one and the answers lie, and until when."""

    opened: Mapping[str, SearchIndex]
    servers: Mapping[str, str]
    folder: Path
    until: float


@dataclass(slots=True)
class _Row:
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
    parser.add_argument("--part", choices=["small", "large"], help="only the few entries, or only the many")
    parser.add_argument("--keep", type=Path, help="a folder of a run that may be stopped and goes on")
    parser.add_argument(
        "--minutes", type=float, default=float("inf"), help="end after so many, when that can be"
    )
    asked = parser.parse_args(arguments)
    met: list[bool | None] = []
    with ExitStack() as stack:
        folder = asked.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        try:
            opened = stack.enter_context(engines(folder, tuple(asked.servers)))
        except NotUpError as error:
            print(error, file=sys.stderr)
            return 2
        servers = dict(zip([one for one in opened if one != EMBEDDED], asked.servers, strict=True))
        run = _Run(opened=opened, servers=servers, folder=folder, until=time.monotonic() + asked.minutes * 60)
        if asked.part != "large":
            met.append(_compare(run, _ORACLE_ENTRIES, asked.queries, oracle=True))
        if asked.records > _ORACLE_ENTRIES and asked.part != "small" and None not in met:
            met.append(_compare(run, asked.records, asked.queries, oracle=False))
    if None in met:
        print("\nThere is more to ask: run it again with the same --keep.")
        return _UNFINISHED
    print("\nNo difference." if all(met) else "\nDIFFERENCES, or too few queries with hits: see above.")
    return 0 if all(met) else 1


def _compare(run: _Run, records: int, count: int, *, oracle: bool) -> bool | None:
    """Return whether all was alike; None: there is more to ask."""
    council = "bench_small" if oracle else "bench_large"
    kept = run.folder / f"answers-{council}-{records}-{count}.jsonl"

    def corpus() -> Iterator[Entry]:
        genuine = list(real(_REAL_ENTRIES))
        return itertools.chain(invented(records - len(genuine), seed=1 if oracle else 2), genuine)

    if not _indexed(run, council, records, corpus):
        return None
    entries = list(corpus()) if oracle else []
    sample = entries or list(itertools.islice(corpus(), 0, None, max(records // 20_000, 1)))
    asked = [("by hand", query) for query in by_hand()] + list(generated(sample, count))
    evaluated: Callable[[Query], Ids] | None = None
    if oracle:
        readings = [(read(entry), entry.version_id) for entry in entries]

        def evaluated(query: Query) -> Ids:
            return Ids.of([[version_id for reading, version_id in readings if matches(query.tree, reading)]])

    answers = _answered(run, council, asked, kept, evaluated)
    if answers is None:
        return None
    others = [*run.servers, *(["evaluator"] if oracle else [])]
    return _told(_rows(asked, answers), records, others)


def _indexed(run: _Run, council: str, records: int, corpus: Callable[[], Iterable[Entry]]) -> bool:
    """Fill each index that is not full yet, a portion at a time; False: the time is over."""
    for name, index in run.opened.items():
        began = time.monotonic()
        first = held = _held(index, council) if index.watermark(council) == _COMMIT else 0
        entries = itertools.islice(corpus(), held, None)
        while held < records:
            if time.monotonic() > run.until:
                return False
            # New to the index, so that nothing is looked for that these would replace.
            portion = [one._replace(new_after=_COMMIT) for one in itertools.islice(entries, _PORTION)]
            if held:
                index.apply(council, _COMMIT, portion, ())
            else:
                index.rebuild(council, _COMMIT, portion)
            held += len(portion)
        if held != records:
            raise SystemExit(f"{name} holds {held:,} entries of another run: remove them.")
        print(f"{name}: {held - first:,} entries indexed in {time.monotonic() - began:,.0f} s", flush=True)
    return True


def _held(index: SearchIndex, council: str) -> int:
    everything = Query(typed="", tree=Everything())
    return index.search(council, everything, order=Order.NEWEST, size=1).versions


def _answered(
    run: _Run,
    council: str,
    asked: Sequence[tuple[str, Query]],
    kept: Path,
    evaluated: Callable[[Query], Ids] | None,
) -> list[Compared] | None:
    """Ask what was not asked in the run before; return all answers, None: the time is over."""
    lines = kept.read_text(encoding="utf-8").splitlines() if kept.exists() else []
    told = [json.loads(line) for line in lines]
    if [one.pop("typed") for one in told] != [query.typed for _, query in asked[: len(told)]]:
        raise SystemExit(f"{kept} holds answers to other questions: remove it.")
    answers = [Compared(**one) for one in told]
    began, first = time.monotonic(), len(answers)
    with ExitStack() as stack, kept.open("a", encoding="utf-8") as into:
        ranges = _ranges(run, council, stack) if evaluated is None else {}
        asking = {name: Engine(index=one, ranges=ranges.get(name)) for name, one in run.opened.items()}
        for number, (_, query) in enumerate(asked[first:], start=first):
            if time.monotonic() > run.until:
                return None
            whole = number % _WHOLE_EVERY == 0
            answer = compare(asking, council, query, whole=whole, evaluated=evaluated)
            answers.append(answer)
            into.write(json.dumps({**asdict(answer), "typed": query.typed}) + "\n")
            into.flush()
            if answer.differing:
                print(f"DIFFERS {', '.join(answer.differing)}: {query.typed!r}", flush=True)
            if number % 100 == 99:
                print(f"{number + 1:,} queries, {time.monotonic() - began:,.0f} s", flush=True)
    print(f"{len(asked) - first:,} queries in {time.monotonic() - began:,.0f} s")
    return answers


def _ranges(run: _Run, council: str, stack: ExitStack) -> dict[str, RangesOf]:
    ranges: dict[str, RangesOf] = {EMBEDDED: EmbeddedRanges(run.folder / "index" / council)}
    for name, server in run.servers.items():
        client = connect(sign_in_of(server))
        stack.callback(client.close)
        ranges[name] = ElasticRanges(client, council, _COMMIT)
    return ranges


def _rows(asked: Sequence[tuple[str, Query]], answers: Sequence[Compared]) -> dict[str, _Row]:
    rows: dict[str, _Row] = {}
    for (name, _), answer in zip(asked, answers, strict=True):
        row = rows.setdefault(name, _Row())
        row.queries += 1
        row.with_hits += answer.hits > 0
        row.hits += answer.hits
        row.best_alike += answer.best_alike
        row.best_asked += answer.best_asked
        for engine in answer.differing:
            row.differing[engine] = row.differing.get(engine, 0) + 1
    return rows


def _told(rows: Mapping[str, _Row], records: int, others: Sequence[str]) -> bool:
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
