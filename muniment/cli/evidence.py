"""`muniment verify`, `proof`, `seal` and `reread`: that nothing was altered, and how anyone can check."""

import json
import sys
from pathlib import Path

import click
from rich.markup import escape

import muniment.check_proof
from muniment.bootstrap.council import CouncilServices
from muniment.cli.exits import FAULTY
from muniment.cli.files import NEW_FOLDER, outlet, written
from muniment.cli.index import print_reconciled
from muniment.cli.opening import COUNCIL, console, opened_council
from muniment.domain.events import ArchiveReread, ArchiveSealed, ArchiveVerified, RecordProved
from muniment.domain.given_out import GivenKind
from muniment.domain.people import Act, require
from muniment.services.finishing import finish
from muniment.services.index_upkeep import reconcile_current
from muniment.services.proving import proof as prove
from muniment.services.rereading import file_readable
from muniment.services.rereading import reread as read_again
from muniment.services.verifying import Verdict
from muniment.services.verifying import verify as check
from schemas.counted import counted
from schemas.errors import SchemaMismatchError, SearchUnavailableError

__all__ = ["print_verdict", "proof", "reread", "seal", "verify"]


@click.command()
@COUNCIL
def verify(council: str | None) -> None:
    """Check everything that is held against its evidence; name the first broken thing."""
    with (
        opened_council(council, unfiltered=True) as services,
        console.status("verifying") as status,
    ):
        verdict = check(
            services.name,
            archive=services.archive,
            seals=services.seals,
            media=services.media,
            presence=services.process.register,
            coverage=services.process.register,
            audit=services.process.register,
            progress=lambda what: status.update(f"verifying {what}"),
        )
        told = ArchiveVerified(faults=len(verdict.faults), commit_no=verdict.commit_no)
        services.record(told)
        print_verdict(verdict)
        if verdict.faults:
            sys.exit(FAULTY)
        status.update("verifying the search index")
        _count_index(services)


def _count_index(services: CouncilServices) -> None:
    """Count the search index last: it is a view, and what is wrong with it is no fault of the archive."""
    try:
        found = reconcile_current(
            services.archive,
            services.process.index,
            services.name,
            erased=services.process.register,
            classes=services.classes,
        )
    except (SearchUnavailableError, SchemaMismatchError) as error:
        console.print(f"The search index was not counted: {escape(str(error))}")
        return
    if found is None:
        console.print(
            "The search index was not counted: it is behind the archive, or being brought up to it."
        )
        return
    print_reconciled(found)


def print_verdict(verdict: Verdict) -> None:
    """Print what a verification found."""
    for fault in verdict.faults:
        console.print(f"[red]FAULT[/] {escape(fault.what)}: {escape(fault.why)}")
    if verdict.faults:
        console.print("Restore what is named from the backup: docs/operate/backup.md.")
        return
    console.print(
        f"[green]Unaltered[/]: {counted(verdict.exhibits, 'exhibit')} and "
        f"{counted(verdict.media_files, 'media file')} under {counted(verdict.seals, 'seal')}, "
        f"up to commit {verdict.sealed_upto}; "
        f"{counted(verdict.audit_entries, 'audit entry', 'audit entries')}."
    )
    if verdict.not_yet_sealed:
        newer = counted(verdict.not_yet_sealed, "newer commit is", "newer commits are")
        console.print(f"{newer} not yet sealed: the next run does that.")
    if verdict.stamps_pending:
        console.print(f"{_pending(verdict.stamps_pending)}: the next seal asks again.")


@click.command()
@COUNCIL
@click.argument("record_id")
@click.option("--to", "folder", type=NEW_FOLDER, default=Path(), help="Where to write it.")
def proof(council: str | None, record_id: str, folder: Path) -> None:
    """Write the proof of one record, and the script that checks it without muniment."""
    with opened_council(council) as services:
        services.refuse_unseen(record_id)
        services.record(RecordProved(record_key=services.record_key(record_id)))
        told = prove(
            record_id,
            council=services.name,
            archive=services.archive,
            seals=services.seals,
            public_key=services.process.seal_key.public,
            also_named=services.process.register.aliases_of(services.name, [record_id]),
        )
        services.give_out(GivenKind.PROOF, [record_id], folder / "proof.json")
    with outlet(folder / "proof.json", make=True) as place:
        with written(place) as into:
            into.write(json.dumps(told, indent=1).encode())
        with written(place.with_name("check_proof.py")) as into:
            into.write(Path(muniment.check_proof.__file__).read_bytes())
    console.print(f"Written to {folder}. Anyone can check it: python check_proof.py proof.json")


@click.command()
@COUNCIL
def seal(council: str | None) -> None:
    """Seal what is not sealed yet, and ask for time stamps that are owed."""
    with opened_council(council, unfiltered=True) as services:
        services.record(ArchiveSealed())
        made = services.seals.seal()
        pending = services.seals.pending()
        key = services.process.seal_key.public.hex()
    console.print(
        "Nothing new to seal." if made is None else f"Seal {made.number}, up to commit {made.last_commit}."
    )
    console.print(f"Public key: {key}")
    if pending:
        console.print(f"{_pending(pending)}.")


@click.command()
@COUNCIL
@click.option("--dry-run", is_flag=True, help="Only say what today's reader makes of what was kept.")
def reread(council: str | None, *, dry_run: bool) -> None:
    """Read kept exhibits again: what could not be read when it came, and is understood now, is filed."""
    with opened_council(council) as services:
        if not dry_run:
            require(services.actor, Act.REREAD)  # it says what records are, and erases what was disposed of
        services.record(ArchiveReread(dry_run=dry_run))
        if dry_run:
            _tell_what_would_be_read(services)
            return
        first_commit = services.archive.commit_no()
        filed = file_readable(
            services.name,
            archive=services.archive,
            register=services.process.register,
            reader=services.reader,
            now=services.clock.now(),
        )
        finish(
            services.name,
            archive=services.archive,
            seals=services.seals,
            index=services.process.index,
            erased=services.process.register,
            classes=services.classes,
            first_commit=first_commit,
            resolve_holds=services.resolve_holds,
        )
        erased = 0
        if filed.destroyed:
            why = "read again: exhibits of records that were destroyed under the name they have now"
            erased = services.restored.erase_again(actor=services.actor, reason=why).records
    if filed.destroyed:
        console.print(f"Erased too, of records destroyed under another name: {counted(erased, 'exhibit')}.")
    console.print(
        f"Could not be read when they came: {counted(filed.unread, 'exhibit')}; filed from them now: "
        f"{counted(filed.filed, 'version')}; found to have another name: {counted(filed.renamed, 'record')}."
    )


def _tell_what_would_be_read(services: CouncilServices) -> None:
    found = read_again(services.archive, reader=services.reader)
    console.print(
        f"{counted(found.read, 'exhibit')} read again: {found.differ:,} read otherwise than when they came; "
        f"of {found.unread:,} that could not be read then, {found.now_readable:,} can be now; "
        f"{found.unreadable_now:,} cannot be read any more. Nothing was written."
    )


def _pending(stamps: int) -> str:
    return f"{counted(stamps, 'time stamp is', 'time stamps are')} pending"
