"""`muniment search` and `thread`: what matches, how many, how fresh, what could not have been found."""

from datetime import date
from functools import partial
from pathlib import Path
from typing import Final

import click
from rich.markup import escape

from muniment.bootstrap.council import CouncilServices
from muniment.cli.files import OUTPUT, outlet
from muniment.cli.opening import COUNCIL, console, opened_council, print_left_out
from muniment.cli.options import DAY
from muniment.cli.printing_hits import print_answer, print_groups, print_statement, print_unseen
from muniment.domain.events import RecordShown, SearchMade
from muniment.domain.given_out import GivenKind
from muniment.search.answer import Order
from muniment.services.as_at import search_as_at
from muniment.services.grouping import GroupedAnswer, search_grouped
from muniment.services.held import held_ids
from muniment.services.hit_files import FileFormat
from muniment.services.reading_threads import ThreadRecord, read_thread
from muniment.services.saving import filters_of, saved_search, words_of_filters
from muniment.services.searching import NO_FILTERS, SearchFilters, SearchStatement
from muniment.services.searching import search as find
from muniment.services.showing import changes
from muniment.services.unseen import unseen
from muniment.services.writing_hits import spare_memory, write_hits
from schemas.counted import counted
from schemas.errors import BadInputError
from schemas.london import london_short

__all__ = ["changed_text", "search", "thread"]

_NOTHING: Final = """
[yellow]Nothing was found.[/] Other spellings and forms that the archive holds:
`muniment searches save NAME QUERY`, then `muniment searches suggest NAME`."""
_UNINDEXED: Final = """
[yellow]Nothing was searched[/]: the index is empty. `muniment reindex` brings it up; then search again."""


@click.command()
@click.argument("query", required=False)
@COUNCIL
@click.option("--platform", help="Only this platform.")
@click.option("--account", help="Only this account.")
@click.option("--from", "since", type=DAY, help="From this day (London), ends included.")
@click.option("--to", "until", type=DAY, help="Up to this day (London), ends included.")
@click.option(
    "--order",
    type=click.Choice(["newest", "relevant"]),
    default="newest",
    show_default=True,
    help="What first.",
)
@click.option("--saved", metavar="NAME", help="Run a saved search, as it is kept, instead of a QUERY.")
@click.option(
    "--size", type=click.IntRange(1, 10_000), default=20, show_default=True, help="How many versions to show."
)
@click.option("--after", metavar="PLACE", help="Go on after this place, which the page before told.")
@click.option("--as-at", type=int, metavar="COMMIT", help="As the archive stood at this commit; slower.")
@click.option("--group-duplicates", is_flag=True, help="Put all texts together that say nearly the same.")
@click.option("--facets", is_flag=True, help="Count by platform, account, state, year and so on.")
@click.option("--csv", "csv_path", type=OUTPUT, help="Write every hit to this file, for a spreadsheet.")
@click.option("--jsonl", "jsonl_path", type=OUTPUT, help="The same as JSON Lines.")
@click.option("--parquet", "parquet_path", type=OUTPUT, help="The same as Parquet.")
def search(
    query: str | None,
    council: str | None,
    platform: str | None,
    account: str | None,
    since: date | None,
    until: date | None,
    order: str,
    saved: str | None,
    size: int,
    after: str | None,
    as_at: int | None,
    csv_path: Path | None,
    jsonl_path: Path | None,
    parquet_path: Path | None,
    *,
    group_duplicates: bool,
    facets: bool,
) -> None:
    """Find records: exact totals, the words found in bold.

    Words are found in any form of the word; "exact phrases" in quotes; =exact words; -without; OR; NEAR/5;
    patterns coll*; misspelt~; #tags, @handles, £ amounts; platform: account: author: kind: class: state:
    edited: hold: date:[FROM TO TO].
    """
    filters = SearchFilters(
        platforms=() if platform is None else (platform,),
        accounts=() if account is None else (account,),
        since=since,
        until=until,
    )
    files = {FileFormat.CSV: csv_path, FileFormat.JSONL: jsonl_path, FileFormat.PARQUET: parquet_path}
    wanted = {form: path for form, path in files.items() if path is not None}
    if wanted:
        spare_memory()
    chosen = Order.NEWEST if order == "newest" else Order.RELEVANT
    with opened_council(council) as services:
        archive, index, name = services.archive, services.process.index, services.name
        typed, filters, case_reference = _asked(services, query, filters, saved)
        held = partial(held_ids, name, register=services.process.register)
        hidden = services.not_shown()
        grouped: GroupedAnswer | None = None
        if group_duplicates:
            grouped = search_grouped(
                archive,
                index,
                name,
                typed,
                filters=filters,
                order=chosen,
                after=after,
                size=size,
                as_at=as_at,
                held=held,
                hidden=hidden,
            )
            answer = grouped.answer
        elif as_at is None:
            answer = find(
                archive,
                index,
                name,
                typed,
                filters=filters,
                order=chosen,
                after=after,
                size=size,
                held=held,
                hidden=hidden,
            )
        else:
            answer = search_as_at(
                archive,
                typed,
                as_at,
                filters=filters,
                order=chosen,
                after=after,
                size=size,
                held=held,
                hidden=hidden,
            )
        services.record(
            _made(answer.statement, filters, exported=bool(wanted), case_reference=case_reference)
        )
        print_statement(answer, facets=facets)
        if grouped is None:
            print_answer(answer)
        else:
            print_groups(grouped)
        if not answer.statement.records:
            console.print(_UNINDEXED if answer.statement.fresh.watermark < 0 else _NOTHING)
        print_left_out(services.left_out())
        print_unseen(
            unseen(services.process.register, name, answer.statement.scope, now=services.clock.now())
        )
        for form, path in wanted.items():
            _write(services, typed, filters, form, path, as_at=as_at)


def _asked(
    services: CouncilServices, query: str | None, filters: SearchFilters, saved: str | None
) -> tuple[str, SearchFilters, str | None]:
    """Return what is to be searched, how it is narrowed, and what for."""
    if (query is None) is (saved is None) or (saved is not None and filters != NO_FILTERS):
        raise BadInputError(
            "Give a QUERY, or the name of a saved search with nothing beside it.",
            remedy='For example: muniment search "bin collection", or muniment search --saved foi-2024-113.',
        )
    if saved is None:
        return query or "", filters, None
    kept = saved_search(services.process.register, services.name, saved)
    return kept.typed, filters_of(kept.filters), kept.case_reference


def _write(
    services: CouncilServices,
    query: str,
    filters: SearchFilters,
    form: FileFormat,
    path: Path,
    *,
    as_at: int | None,
) -> None:
    with outlet(path) as place:
        manifest = write_hits(
            services.archive,
            services.process.index,
            services.name,
            query,
            place,
            file_format=form,
            filters=filters,
            held=partial(held_ids, services.name, register=services.process.register),
            hidden=services.not_shown(),
            as_at=as_at,
            now=services.clock.now(),
            telling=lambda ids: services.give_out(GivenKind.SEARCH, ids, place),
        )
    console.print(
        f"\n{counted(manifest.rows, 'version')} of {counted(manifest.records, 'record')} written to {path} "
        f"(as at commit {manifest.watermark}; {path.name}.manifest.json says what they are)"
    )


def _made(
    statement: SearchStatement, filters: SearchFilters, *, exported: bool, case_reference: str | None
) -> SearchMade:
    return SearchMade(
        typed=statement.typed,
        filters=words_of_filters(filters),
        records=statement.records,
        versions=statement.versions,
        watermark=statement.fresh.watermark,
        exported=exported,
        case_reference=case_reference,
    )


@click.command()
@click.argument("record_id")
@COUNCIL
@click.option("--as-of", type=DAY, help="What we held of it at the end of this day (London).")
def thread(record_id: str, council: str | None, as_of: date | None) -> None:
    """Show the whole conversation around a record, edits as changes, deleted answers in their places."""
    with opened_council(council) as services:
        services.record(RecordShown(record_key=services.record_key(record_id)))
        hidden = services.not_shown()
        for one in read_thread(services.archive, record_id, as_of=as_of, hidden=hidden):
            _print_thread_record(one, chosen=one.record_id == record_id)


def _print_thread_record(one: ThreadRecord, *, chosen: bool) -> None:
    indent = "   " * one.depth
    mark = ">" if chosen else " "
    word = f' ("{escape(one.word)}")' if one.word and one.word != "public" else ""
    state = "" if one.state == "live" else f"  [yellow]{one.state}{word}[/]"
    console.print(
        f"{mark} {indent}[bold]{london_short(one.filed_at)}[/]  {escape(one.author)}{state}  "
        f"[dim]{escape(one.record_id)}[/]"
    )
    before: str | None = None
    for said in one.versions:
        told = escape(said.text) if before is None else changed_text(before, said.text)
        since = "" if before is None else f"[dim]edited {london_short(said.since)}:[/] "
        console.print(f"  {indent}{since}{told}")
        before = said.text


def changed_text(before: str, after: str) -> str:
    """Return an edit as mark-up: what was taken away struck through, what was put in green.

    Where nothing can be coloured (NO_COLOR, a file, a pipe), by brackets: nobody may take the words that
    an edit took away for words that stood.
    """
    styles = {" ": "{}", "-": "[red strike]{}[/]", "+": "[green]{}[/]"}
    if console.no_color or console.color_system is None:
        styles = {" ": "{}", "-": "[-{}-]", "+": "{{+{}+}}"}
    return " ".join(styles[tag].format(escape(words)) for tag, words in changes(before, after))
