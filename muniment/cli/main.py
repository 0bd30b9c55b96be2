"""The group of all commands, and what an error means for the exit code."""

import errno
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from io import TextIOWrapper
from typing import Final

import click

from muniment.cli import (
    accounts,
    archive,
    audit,
    classes,
    dispose,
    evidence,
    find,
    hold,
    index,
    people,
    schedule,
    search,
    searches,
    serve,
    store,
    transfer,
    trigger,
    why,
)
from muniment.cli.examples import show_examples
from muniment.cli.exits import LOOK, exit_code
from muniment.cli.opening import console
from schemas.errors import MunimentError

__all__ = ["main", "muniment"]


def _version() -> str:
    try:
        return version("muniment")
    except PackageNotFoundError:
        return "from a checkout, not installed"


_REMEDIES: Final = {
    errno.EEXIST: "Give another name: what is there is not written over.",
    errno.ENOENT: "Name a folder that exists.",
    errno.EACCES: "Name a folder that you may write to.",
    errno.EISDIR: "Name a file.",
    errno.ENOTDIR: "Name a folder that exists.",
    errno.EROFS: "Name a folder that you may write to.",
    errno.ENOSPC: "Make room, and run the same command again.",
}


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(_version(), message="muniment %(version)s")
def muniment() -> None:
    """Keep what a council says, and is told, on social media as records that stand up.

    Start with `muniment archive https://a-council-blog.example` (no key needed), or copy
    councils/example_borough.yml and run `muniment accounts check`.
    """


for command in (
    *(accounts.accounts, archive.archive, search.search, search.thread, find.show, find.export),
    *(find.coverage, evidence.verify, evidence.proof, evidence.seal, evidence.reread, store.store),
    *(store.reindex, index.index, searches.searches, serve.serve, audit.audit, hold.hold, people.people),
    *(schedule.schedule, trigger.trigger, classes.classes, transfer.transfer),
    *(dispose.dispose, why.why),
):
    muniment.add_command(command)
show_examples(muniment)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; an error of ours is one message and an exit code, never a trace."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that has no Welsh letters shows which
    try:
        muniment(arguments, prog_name="muniment", standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("Stopped. What was kept is kept; the next run goes on from there.", err=True)
        sys.exit(3)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except MunimentError as error:
        click.echo(f"muniment: {error.message}", err=True)
        if error.remedy:
            click.echo(f"What to do: {error.remedy}", err=True)
        sys.exit(exit_code(error))
    except BrokenPipeError:
        console.on_broken_pipe()
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        click.echo(f"muniment: {where}{error.strerror or type(error).__name__}.", err=True)
        if error.errno in _REMEDIES:
            click.echo(f"What to do: {_REMEDIES[error.errno]}", err=True)
        sys.exit(LOOK)
