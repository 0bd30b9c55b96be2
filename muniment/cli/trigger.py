"""`muniment trigger`: events that periods count from, and the days of elections, emergencies and alerts."""

from collections.abc import Iterable
from datetime import date

import click
from rich.markup import escape
from rich.table import Table

from muniment.bootstrap.council import CouncilServices
from muniment.cli.deciders import deciding
from muniment.cli.opening import COUNCIL, console, opened_council, print_left_out
from muniment.cli.options import DAY, REASON
from muniment.cli.tables import print_table
from muniment.domain.classifying import Window
from muniment.domain.events import ListRead
from muniment.domain.retention import EVENTS, WindowKind
from muniment.domain.triggers import Scope
from muniment.ports.retention import Fact
from muniment.services.restricting import classes_left_out
from schemas.errors import BadInputError
from schemas.london import london_date

__all__ = ["trigger"]

_KINDS = [one.value for one in WindowKind if one is not WindowKind.CAMPAIGN]


@click.group()
def trigger() -> None:
    """Events that retention counts from: a thread or case closed, a result declared, an employee left."""


@trigger.command()
@COUNCIL
@click.argument("event")
@click.option("--on", "on", type=DAY, help="The day on which it happened (London).")
@click.option("--withdraw", is_flag=True, help="It did not happen, after all.")
@click.option("--record", help="It is about this record.")
@click.option("--thread", help="It is about this thread.")
@click.option("--case", help="It is about this case.")
@click.option("--window", help="It is about this election, emergency or alert.")
@click.option("--account", help="It is about this account.")
@REASON
def record(
    council: str | None,
    event: str,
    on: date | None,
    record: str | None,
    thread: str | None,
    case: str | None,
    window: str | None,
    account: str | None,
    reason: str,
    *,
    withdraw: bool,
) -> None:
    """Record that an event happened; recorded again, the newer day counts. Else it is the council's."""
    told = {
        Scope.RECORD: record,
        Scope.THREAD: thread,
        Scope.CASE: case,
        Scope.WINDOW: window,
        Scope.ACCOUNT: account,
    }
    about = [(scope, name) for scope, name in told.items() if name is not None]
    if len(about) > 1:
        raise BadInputError(
            "An event is about one thing.", remedy="Give one of --record, --thread and so on."
        )
    if (on is None) != withdraw:
        raise BadInputError("Say when it happened, or that it did not.", remedy="Give --on or --withdraw.")
    scope, name = about[0] if about else (Scope.COUNCIL, "")
    with opened_council(council) as services:
        deciding(services).record_trigger(event, scope, name, on=on, reason=reason)
    told_on = "withdrawn" if on is None else f"recorded on {on:%-d %B %Y}"
    console.print(f"{event}, {scope.value} {escape(name)}: {told_on}.".replace("council :", "the council:"))


@trigger.command("list")
@COUNCIL
def list_facts(council: str | None) -> None:
    """List what was recorded, oldest first, and the windows."""
    with opened_council(council) as services:
        history = _seen(services)
        left_out = services.left_out()
        windows = services.process.register.retention_windows(services.name)
        services.record(ListRead(listed="events", entries=len(history)))
    if not (history or windows):
        print_left_out(left_out)
        console.print("No event was recorded yet: `muniment trigger events --own` says which there are.")
        return
    if history:
        _print_facts(history)
    if windows:
        _print_windows(windows)
    print_left_out(left_out)


def _seen(services: CouncilServices) -> tuple[Fact, ...]:
    """Return what was recorded, but for records, threads and cases that this person may not see."""
    register, name = services.process.register, services.name
    hidden, secret = services.not_shown(), classes_left_out(services.retaining, services.actor)
    cases = register.retention_cases(name).classes
    unseen = {
        Scope.RECORD: hidden,
        Scope.THREAD: hidden,
        Scope.CASE: frozenset(case for case, code in cases.items() if code in secret),
    }
    return tuple(
        one for one in register.fact_history(name) if one.name not in unseen.get(one.scope, frozenset())
    )


def _print_facts(history: Iterable[Fact]) -> None:
    table = Table(title="Events recorded", title_justify="left")
    for heading in ("event", "about", "happened", "recorded", "by", "reason"):
        table.add_column(heading, overflow="fold")
    for one in history:
        about = "the council" if one.scope is Scope.COUNCIL else f"{one.scope.value} {one.name}"
        happened = "withdrawn" if one.on is None else f"{one.on:%-d %b %Y}"
        recorded = f"{london_date(one.at):%-d %b %Y}"
        table.add_row(one.event, escape(about), happened, recorded, escape(one.by), escape(one.reason))
    print_table(table)


def _print_windows(windows: Iterable[Window]) -> None:
    days = Table(title="Elections, emergencies, alerts", title_justify="left")
    for heading in ("name", "kind", "from", "to", "accounts"):
        days.add_column(heading, overflow="fold")
    for window in windows:
        until = "not over" if window.until is None else f"{window.until:%-d %b %Y}"
        accounts = ", ".join(sorted(window.accounts)) or "all"
        days.add_row(escape(window.name), window.kind.value, f"{window.since:%-d %b %Y}", until, accounts)
    print_table(days)


@trigger.command()
@click.option("--own", is_flag=True, help="Only those that a person must record.")
def events(*, own: bool) -> None:
    """List the events that a schedule can count from, and what each means."""
    table = Table(title="Events", title_justify="left")
    table.add_column("event")
    table.add_column("means", overflow="fold")
    for name, meaning in EVENTS.items():
        if not (own and meaning.startswith("the record's own")):
            table.add_row(name, meaning)
    print_table(table)


@trigger.command("window")
@COUNCIL
@click.argument("name")
@click.option("--kind", type=click.Choice(_KINDS), required=True, help="What other rules apply for.")
@click.option("--from", "since", type=DAY, required=True, help="The first day (London).")
@click.option("--to", "until", type=DAY, help="The last day, included; left out: it is not over.")
@click.option("--account", "accounts", multiple=True, help="Only this account; may be given more than once.")
@REASON
def set_window(
    council: str | None,
    name: str,
    kind: str,
    since: date,
    until: date | None,
    accounts: tuple[str, ...],
    reason: str,
) -> None:
    """Open a pre-election period, an emergency or an alert, or give it other days or accounts."""
    window = Window(
        name=name,
        kind=WindowKind(kind),
        since=since,
        until=until,
        accounts=frozenset(accounts),
    )
    with opened_council(council) as services:
        deciding(services).set_window(window, reason=reason)
    console.print(f"{escape(name)}: {kind} from {since:%-d %B %Y}.")
