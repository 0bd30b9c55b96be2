"""Compare an archive with what the platforms really had. The files and figures are described in FORMAT.md."""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from conformance.clock import from_iso
from conformance.item import PUBLIC, visible
from conformance.truth import Truth, TruthItem

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

__all__ = ["Score", "Share", "read_lines", "score", "table"]

Line = Mapping[str, Any]
STREAMS = {"posts": ("post",), "pages": ("page",), "comments": ("comment",)}


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    part: int
    of: int

    @property
    def is_whole(self) -> bool:
        """Whether none is lacking; nothing of nothing is whole."""
        return self.part == self.of

    @property
    def percent(self) -> float:
        """The share in per cent, rounded down, so that 100.00 means all."""
        return 100.0 if self.is_whole else math.floor(10_000 * self.part / self.of) / 100

    @override
    def __str__(self) -> str:
        return f"{self.percent:.2f} % ({self.part:,} of {self.of:,})"


@dataclass(slots=True, kw_only=True)
class Score:
    """Every figure. Keys in `lacking`, `false_gone` and `false_missing` are those of the truth log."""

    completeness: Share
    excused: int
    lacking: list[str]
    false_gone: list[str]
    false_missing: list[str]
    versions: Share
    edits: Share
    hidden: Share
    media: Share
    duplicates: int
    invented: int
    deletions_told: Share
    latency_p50: float | None
    latency_p95: float | None
    walks: Counter[str] = field(default_factory=Counter)

    def missed(self, *, strict: bool = False, false_missing: int = 0) -> list[str]:
        """Return the names of the bars that are missed.

        Args:
            strict: Also hold to hidden states, media, duplicates and inventions.
            false_missing: How many false absences are forgiven: offset paging hides neighbours from any walk.
        """
        bars = {
            "completeness": self.completeness.is_whole,
            "false gone": not self.false_gone,
            "false missing": len(self.false_missing) <= false_missing,
            "served versions": self.versions.is_whole,
            "served edits": self.edits.is_whole,
        }
        if strict:
            bars |= {
                "hidden states": self.hidden.is_whole,
                "media": self.media.is_whole,
                "duplicates": self.duplicates == 0,
                "invented": self.invented == 0,
            }
        return [name for name, met in bars.items() if not met]


def read_lines(path: Path) -> list[Line]:
    """Read JSON Lines.

    Raises:
        ValueError: A line is no JSON object; its number is named.
    """
    lines: list[Line] = []
    with path.open(encoding="utf-8") as file:
        for number, text in enumerate(file, 1):
            if text.strip():
                try:
                    line = json.loads(text)
                except ValueError as error:
                    raise ValueError(f"{path}, line {number}: {error}") from error
                if not isinstance(line, dict):
                    raise ValueError(f"{path}, line {number}: not an object")
                lines.append(line)
    return lines


def score(truth_lines: Iterable[Line], served: Iterable[Line], archive: Iterable[Line]) -> Score:
    """Score one archive.

    Raises:
        KeyError: A line lacks a field that FORMAT.md asks for.
        ValueError: A time cannot be read.
    """
    truth = Truth(truth_lines)
    held = _Held(truth, archive)
    shown = _Shown(truth, served)
    expected = {item.key for item in shown.items} | {
        item.key for w in held.walks for item in _existed(truth, w)
    }
    lacking = sorted(expected - held.items.keys())
    excused = _excused(truth, held.short, [k for k in lacking if k not in shown.versions])
    missing = [key for key in lacking if key not in excused]
    edits = {(k, n) for k, numbers in shown.versions.items() for n in numbers if n > 0}
    versions = {(k, n) for k, numbers in shown.versions.items() for n in numbers}
    deleted = [
        item for item in truth.items.values() if item.deleted_at is not None and item.key in held.items
    ]
    waits = sorted(held.waits())
    return Score(
        completeness=Share(len(expected) - len(lacking), len(expected) - len(excused)),
        excused=len(excused),
        lacking=missing,
        false_gone=held.false_states("gone"),
        false_missing=held.false_states("missing"),
        versions=Share(sum(held.has(*each) for each in versions), len(versions)),
        edits=Share(sum(held.has(*each) for each in edits), len(edits)),
        hidden=Share(sum(each in held.hidden for each in shown.words), len(shown.words)),
        media=Share(sum(sha in held.media[key] for key, sha in shown.media), len(shown.media)),
        duplicates=held.duplicates,
        invented=held.invented,
        deletions_told=Share(sum(held.last[i.key] in ("missing", "gone") for i in deleted), len(deleted)),
        latency_p50=_percentile(waits, 0.5),
        latency_p95=_percentile(waits, 0.95),
        walks=Counter(f"{w['outcome']}{'' if w['whole'] else ' (not whole)'}" for w in held.walks),
    )


class _Shown:
    """The served log: what stood in any reply."""

    def __init__(self, truth: Truth, lines: Iterable[Line]) -> None:
        self.versions: dict[str, set[int]] = defaultdict(set)
        self.words: set[tuple[str, str]] = set()
        self.media: set[tuple[str, str]] = set()
        for line in lines:
            if line.get("media"):
                self.media.add((line["item"], line["media"]))
            elif line["version"] is not None:
                self.versions[line["item"]].add(line["version"])
                if line["shown"] != PUBLIC:
                    self.words.add((line["item"], line["shown"]))
        self.items = [truth.items[key] for key in self.versions]


class _Held:
    """The archive's export, matched with the truth."""

    def __init__(self, truth: Truth, lines: Iterable[Line]) -> None:
        self.truth = truth
        self.items: dict[str, set[str]] = {}
        self.media: dict[str, set[str]] = defaultdict(set)
        self.hidden: set[tuple[str, str]] = set()
        self.last: dict[str, str] = defaultdict(lambda: "live")
        self.walks: list[Line] = []
        self.short: list[Line] = []
        self.duplicates = 0
        self.invented = 0
        self._first: dict[str, datetime] = {}
        self._claims: list[tuple[TruthItem, str, datetime]] = []
        for line in lines:
            match line["line"]:
                case "walk":
                    self.walks.append(line)
                case "short":
                    self.short.append(line)
                case "item" if line["kind"] in ("post", "page", "comment"):
                    self._item(line)

    def has(self, key: str, version: int) -> bool:
        """Whether this version's text is held."""
        return self.truth.items[key].texts[version] in self.items.get(key, ())

    def false_states(self, state: str) -> list[str]:
        """Return the items of which the archive said so falsely."""
        claims = ((item, at) for item, said, at in self._claims if said == state)
        return sorted({item.key for item, at in claims if self._is_false(item, state, at)})

    def waits(self) -> Iterator[float]:
        """Yield the seconds from creation to first capture of what was created after the first walk began."""
        starts = [from_iso(w["started_at"]) for w in self.walks]
        for key, captured_at in self._first.items():
            item = self.truth.items[key]
            if starts and item.appeared_at > min(starts):
                yield (captured_at - item.created_at).total_seconds()

    def _is_false(self, item: TruthItem, state: str, at: datetime) -> bool:
        if state == "gone":
            return not item.is_deleted(at)
        return item.is_public(at, at) and not self.truth.is_suspended(item.account, at, at)

    def _item(self, line: Line) -> None:
        item = self.truth.find(line["platform"], line["kind"], str(line["native_id"]))
        if item is None:
            self.invented += 1
            return
        texts = [visible(f"{v.get('title') or ''} {v.get('text') or ''}") for v in line["versions"]]
        self.duplicates += (item.key in self.items) + len(texts) - len(set(texts))
        self.invented += len(set(texts) - set(item.texts))
        self.items.setdefault(item.key, set()).update(texts)
        self.media[item.key].update(line.get("media") or ())
        for version in line["versions"]:
            captured_at = from_iso(version["captured_at"])
            self._first[item.key] = min(captured_at, self._first.get(item.key, captured_at))
        for state in sorted(line.get("states") or (), key=lambda each: from_iso(each["at"])):
            self.last[item.key] = state["state"]
            self._claims.append((item, state["state"], from_iso(state["at"])))
            if state["state"] == "hidden":
                self.hidden.add((item.key, state.get("word") or ""))
                self.invented += item.words() == {PUBLIC}


def _existed(truth: Truth, walk: Line) -> Iterator[TruthItem]:
    """Yield what was public from a whole walk's first request to its last, within what it asked for."""
    kinds = STREAMS.get(walk["stream"])
    if not walk["whole"] or kinds is None:
        return
    start, end = from_iso(walk["started_at"]), from_iso(walk["ended_at"])
    account = truth.account(walk["platform"], walk["account"])
    if truth.is_suspended(account, start, end):
        return
    oldest, newest = (from_iso(walk[k]) if walk.get(k) else None for k in ("covers_from", "covers_to"))
    threads = None if walk.get("threads") is None else set(walk["threads"])
    for item in truth.by_account[account]:
        if item.kind not in kinds:
            continue
        if (oldest and item.created_at < oldest) or (newest and item.created_at > newest):
            continue
        if threads is not None and threads.isdisjoint(item.root.ids):
            continue
        if item.is_public(start, end):
            yield item


def _excused(truth: Truth, short: Iterable[Line], lacking: Iterable[str]) -> set[str]:
    """Return which lacking items the archive says it lacks, by account and list, up to its own count."""
    room: Counter[tuple[str, str]] = Counter()
    for line in short:
        listing = str(line["listing"])
        root = truth.find(line["platform"], "post", listing)
        account = truth.account(line["platform"], line["account"])
        room[account, listing if root is None else root.key] += int(line["count"])
    excused = set()
    for key in lacking:
        item = truth.items[key]
        listing = f"{item.kind}s" if item.parent is None else item.root.key
        if room[item.account, listing] > 0:
            room[item.account, listing] -= 1
            excused.add(key)
    return excused


def _percentile(ordered: Sequence[float], share: float) -> float | None:
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)] if ordered else None


def table(result: Score, *, strict: bool = False, false_missing: int = 0) -> str:
    """Return the figures as a table for people, with the bars."""
    missed = set(result.missed(strict=strict, false_missing=false_missing))
    whole, none = ("100 %", "0") if strict else ("-", "-")
    rows = [
        ("completeness", str(result.completeness), "100 %"),
        ("excused by a reason", f"{result.excused:,}", "-"),
        ("false gone", f"{len(result.false_gone):,}", "0"),
        ("false missing", f"{len(result.false_missing):,}", str(false_missing)),
        ("served versions", str(result.versions), "100 %"),
        ("served edits", str(result.edits), "100 %"),
        ("hidden states", str(result.hidden), whole),
        ("media", str(result.media), whole),
        ("duplicates", f"{result.duplicates:,}", none),
        ("invented", f"{result.invented:,}", none),
        ("deletions told", str(result.deletions_told), "-"),
        ("latency, median", _seconds(result.latency_p50), "-"),
        ("latency, 95th percentile", _seconds(result.latency_p95), "-"),
    ]
    lines = [f"{'figure':<26}{'value':<36}{'bar':<8}met"]
    for name, value, bar in rows:
        met = "" if bar == "-" else "NO" if name in missed else "yes"
        lines.append(f"{name:<26}{value:<36}{bar:<8}{met}".rstrip())
    lines += [f"walks: {outcome:<19}{count:,}" for outcome, count in sorted(result.walks.items())]
    return "\n".join(lines)


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f} s"
