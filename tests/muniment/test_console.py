"""What is printed was often written by residents: it must not steer the officer's terminal."""

from rich.markup import escape
from rich.table import Table

from muniment.cli.opening import console
from muniment.cli.search import changed_text

HOSTILE = "Bins\x1b[2J\x1b]0;title\x07 \u202emissed\u202c\ttwice"


def test_nothing_printed_steers_the_terminal() -> None:
    table = Table("text")
    table.add_row(escape(HOSTILE))
    with console.capture() as captured:
        console.print(f"[bold]{escape(HOSTILE)}[/]")
        console.print(table)
    told = captured.get()
    assert told.count("missed") == 2
    assert not set("\x1b\x07\u202e\u202c") & set(told)


def test_where_nothing_is_coloured_an_edit_stands_in_brackets() -> None:
    with console.capture() as captured:
        console.print(changed_text("Bins on [Monday] now", "Bins on [Tuesday] now"))
    assert captured.get() == "Bins on [-[Monday]-] {+[Tuesday]+} now\n"
