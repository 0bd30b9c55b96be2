"""A hit report counts each term where it is searched: fields in one side of an OR narrow that side alone."""

from collections import Counter

import pytest

from muniment.adapters.tantivy.index import TantivyIndex
from muniment.search.entry import Entry
from muniment.search.match import matches, read
from muniment.search.parse import parse
from muniment.services.hit_reports import hit_report
from muniment.services.indexing import catch_up, every_entry
from tests.muniment.services.searching.commits import START, Commits, row


@pytest.fixture
def borough(commits: Commits, index: TantivyIndex) -> Commits:
    texts = ("bins", "the tax", "bins and tax", "missed bins", "a bin tax flood", "floods")
    for number in range(24):
        account = ("main", "second", "third")[number % 3]
        text = texts[number % 6 if number < 18 else 2]
        commits.commit(
            row(f"x:{number}", text, account=account, filed_at=START.replace(day=1, month=1 + number % 4))
        )
    catch_up(commits.archive(), index, "borough")
    return commits


def found(borough: Commits, typed: str) -> list[Entry]:
    """Return what the plain evaluator finds."""
    tree = parse(typed).tree
    return [entry for entry in every_entry(borough.archive(), borough.last) if matches(tree, read(entry))]


@pytest.mark.parametrize(
    ("typed", "by_term"),
    [
        (
            "(account:main bins) OR (account:second tax)",
            {"bins": "account:main bins", "tax": "account:second tax"},
        ),
        (
            "(account:main OR account:second) (bins OR tax) -missed",
            {
                "bins": "(account:main OR account:second) bins -missed",
                "tax": "(account:main OR account:second) tax -missed",
            },
        ),
        (
            "(account:main bins) OR (account:third bins tax)",
            {
                "bins": "(account:main bins) OR (account:third bins)",
                "tax": "account:third tax",
            },
        ),
        ("bins OR account:main", {"bins": "bins"}),
        ("account:second -(bins -tax) flood", {"flood": "account:second -(bins -tax) flood"}),
        ("bins tax", {"bins": "bins", "tax": "tax"}),
    ],
)
def test_a_term_is_counted_within_the_fields_that_stand_beside_it(
    borough: Commits, index: TantivyIndex, typed: str, by_term: dict[str, str]
) -> None:
    report = hit_report(index, "borough", parse(typed))
    assert report.versions == len(found(borough, typed))
    assert [term.typed for term in report.terms] == list(by_term)
    for term in report.terms:
        hits = found(borough, by_term[term.typed])
        others = [
            entry for name, one in by_term.items() if name != term.typed for entry in found(borough, one)
        ]
        alone = {entry.version_id for entry in hits} - {entry.version_id for entry in others}
        assert (term.versions, term.unique_versions) == (len(hits), len(alone))
        assert term.records == len({entry.record_id for entry in hits})
        months = Counter(
            (account, f"2024-{1 + int(entry.record_id[2:]) % 4:02}")
            for entry in hits
            for account in entry.accounts
        )
        assert {
            (account, month): count for account, one in term.months.items() for month, count in one.items()
        } == months
        assert term.versions > 0
