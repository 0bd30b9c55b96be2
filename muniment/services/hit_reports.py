"""A hit report: what each term of a search finds, alone and with others, by account and month."""

from collections.abc import Mapping
from dataclasses import dataclass

from muniment.ports import SearchIndex
from muniment.search.answer import Facet, Order
from muniment.search.explain import explain
from muniment.search.tree import And, Keyword, Leaf, Node, Not, Or, Query, leaves
from muniment.search.words import all_of, any_of
from schemas.errors import WriteConflictError

__all__ = ["HitReport", "TermHits", "hit_report"]

_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class TermHits:
    """What one word, phrase or pattern finds, within the fields and exclusions of its search.

    Fields in one side of an OR narrow the terms of that side alone. `unique_*` are found by this term and by
    no other of the search. `months` are versions, by account and London month such as "2024-03"; a version
    that several accounts saw counts under each.
    """

    typed: str
    explained: str
    records: int
    versions: int
    unique_records: int
    unique_versions: int
    months: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class HitReport:
    """All terms of a search, as at commit `watermark`; `records` and `versions` are of the whole search."""

    watermark: int
    records: int
    versions: int
    terms: tuple[TermHits, ...]

    @property
    def nothing(self) -> tuple[str, ...]:
        """The terms that found nothing."""
        return tuple(term.typed for term in self.terms if term.versions == 0)


def hit_report(index: SearchIndex, council: str, query: Query) -> HitReport:
    """Count every term of a search; a term under a NOT is an exclusion, and is not counted.

    Raises:
        WriteConflictError: The index moved on while it was counted, three times.
    """
    for _ in range(_TRIES):
        counting = _Counting(index, council)
        report = _report(counting, query)
        if len(counting.watermarks) == 1:
            return report
    raise WriteConflictError("The search index moved on while hits were counted.")


def _report(counting: "_Counting", query: Query) -> HitReport:
    terms: dict[Node, tuple[str, Node]] = {}
    for piece in query.pieces:
        asked = _of_term(query.tree, frozenset(leaves(piece.node)))
        if asked is not None:
            terms[piece.node] = query.typed[piece.start : piece.end], asked
    records, versions = counting.totals(query.tree)
    told = []
    for node, (typed, tree) in terms.items():
        others = [other for another, (_, other) in terms.items() if another != node]
        in_records, in_versions = counting.totals(tree)
        unique = counting.totals(all_of([tree, Not(any_of(others))]) if others else tree)
        told.append(
            TermHits(
                typed=typed,
                explained=explain(node),
                records=in_records,
                versions=in_versions,
                unique_records=unique[0],
                unique_versions=unique[1],
                months=counting.months(tree),
            )
        )
    return HitReport(
        watermark=max(counting.watermarks), records=records, versions=versions, terms=tuple(told)
    )


def _of_term(node: Node, term: frozenset[Leaf]) -> Node | None:
    """Return what a search asks of one term: itself, and the fields and exclusions that stand beside it.

    Other terms that stand beside it by AND are left out, and so are the sides of an OR that do not hold it.
    None: it does not stand here.
    """
    match node:
        case And(nodes):
            asked = [(child, _of_term(child, term)) for child in nodes]
            if all(found is None for _, found in asked):
                return None
            plain = [child for child, _ in asked if not any(True for _ in leaves(child))]
            return all_of([*(found for _, found in asked if found is not None), *plain])
        case Or(nodes):
            sides = [found for child in nodes if (found := _of_term(child, term)) is not None]
            return any_of(sides) if sides else None
        case _:
            return node if node in term else None


class _Counting:
    """Asks the index for counts, and remembers as at which commits it answered."""

    def __init__(self, index: SearchIndex, council: str) -> None:
        self._index = index
        self._council = council
        self.watermarks: set[int] = set()

    def totals(self, tree: Node) -> tuple[int, int]:
        """Return records and versions."""
        page = self._index.search(self._council, Query(typed="", tree=tree), order=Order.NEWEST, size=1)
        self.watermarks.add(page.watermark)
        return page.records, page.versions

    def months(self, tree: Node) -> Mapping[str, Mapping[str, int]]:
        """Return versions by account and month."""
        return {
            account: self._facet(all_of([tree, Keyword("account", account)]), Facet.MONTH)
            for account in self._facet(tree, Facet.ACCOUNT)
        }

    def _facet(self, tree: Node, facet: Facet) -> Mapping[str, int]:
        counted = self._index.facets(self._council, Query(typed="", tree=tree))
        self.watermarks.add(counted.watermark)
        return counted.counts[facet]
