"""A table stands in columns where its words fit, else one entry below the other: never with a word in two."""

import pytest
from rich.table import Table

from muniment.cli import opening
from muniment.cli.archive import report_table
from muniment.cli.tables import print_table
from schemas.report import CaptureReport
from schemas.vocabulary import Outcome, Reason, Stream


def holds(scope: str) -> Table:
    table = Table(title="Holds of Smalltown Council", title_justify="left")
    for heading in ("hold", "reference", "scope", "review by", "released"):
        table.add_column(heading, overflow="fold")
    table.add_row("1", "litigation/2026/17", scope, "5 September 2026", "")
    return table


def shown(table: Table, width: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(opening.console, "width", width)
    with opening.console.capture() as capture:
        print_table(table)
    return capture.get().splitlines()


def test_words_that_fit_stand_in_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(holds("bins"), 80, monkeypatch)
    assert "reference" in lines[2]
    assert max(map(len, lines)) <= 80


def test_words_that_do_not_fit_stand_below_each_other_with_their_heading(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = [line.rstrip() for line in shown(holds("bins"), 50, monkeypatch)]
    assert lines == [
        "Holds of Smalltown Council",
        "hold 1",
        "  reference: litigation/2026/17; scope: bins",
        "  review by: 5 September 2026",
    ]
    long = shown(holds("bins or " * 20), 50, monkeypatch)
    assert "  reference: litigation/2026/17" in long
    assert "  review by: 5 September 2026" in long


def test_a_digest_may_be_broken_in_a_column_and_an_id_that_is_copied_may_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    long = "at://did:plc:abcdefghijklmnopqrstuvwx/app.bsky.feed.post/3kabcdefghijk"
    assert "reference" in shown(holds(long), 100, monkeypatch)[2]
    table = holds(long)
    table.columns[2].no_wrap = True
    assert any(long in line for line in shown(table, 100, monkeypatch))


def test_a_capture_report_breaks_neither_an_account_nor_an_outcome_at_80_columns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = "bluesky-libraries-caerwold-example"
    report = CaptureReport(
        account=name,
        stream=Stream.POSTS,
        outcome=Outcome.UNFINISHED,
        promoted=False,
        reason=Reason.RATE_LIMITED,
        pages=1204,
        new=20_158,
        changed=12,
        unchanged=3,
        media=701,
        media_pending=4,
    )
    lines = shown(report_table([report]), 80, monkeypatch)
    assert any(name in line for line in lines)
    assert any("unfinished (rate-limited)" in line for line in lines)
    assert max(map(len, lines)) <= 80
