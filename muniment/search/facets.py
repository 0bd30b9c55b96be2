"""Counts entries by facet in plain Python: where there is no index, and as the oracle of those that count."""

from collections import Counter
from collections.abc import Iterable, Mapping

from muniment.search.answer import Facet
from muniment.search.entry import Entry, day_of, fold_value

__all__ = ["FacetCounter", "count_facets"]


class FacetCounter:
    """Counts entries as they pass."""

    def __init__(self) -> None:
        """Begin with none."""
        self._counters: dict[Facet, Counter[str]] = {facet: Counter() for facet in Facet}

    def add(self, entry: Entry) -> None:
        """Count an entry under each of its values."""
        for facet, values in _values(entry):
            self._counters[facet].update(values)

    def counts(self) -> Mapping[Facet, Mapping[str, int]]:
        """Return how many have each value, the most first, years and months in order of time."""
        return {facet: dict(_in_order(facet, counter)) for facet, counter in self._counters.items()}


def count_facets(entries: Iterable[Entry]) -> Mapping[Facet, Mapping[str, int]]:
    """Return how many of the entries have each value, as `FacetCounter.counts` tells it."""
    counter = FacetCounter()
    for entry in entries:
        counter.add(entry)
    return counter.counts()


def _in_order(facet: Facet, counter: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counter.items()) if facet in (Facet.YEAR, Facet.MONTH) else counter.most_common()


def _values(entry: Entry) -> tuple[tuple[Facet, tuple[str, ...]], ...]:
    month = day_of(entry.ts) // 100
    return (
        (Facet.PLATFORM, (fold_value(entry.platform),)),
        (Facet.ACCOUNT, tuple(map(fold_value, entry.accounts))),
        (Facet.AUTHOR_ROLE, (entry.author_role,)),
        (Facet.KIND, (entry.kind,)),
        (Facet.CLASS, (fold_value(entry.record_class),) if entry.record_class else ()),
        (Facet.LANGUAGE, (fold_value(entry.language),) if entry.language else ()),
        (Facet.STATE, (entry.state,)),
        (Facet.EDITED, ("yes" if entry.edited else "no",)),
        (Facet.YEAR, (f"{month // 100:04}",)),
        (Facet.MONTH, (f"{month // 100:04}-{month % 100:02}",)),
    )
