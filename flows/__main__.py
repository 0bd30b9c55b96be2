"""`python -m flows`: what `muniment serve` and the demonstration start as a child process.

    python -m flows serve               run the schedules of every council, here
    python -m flows run COUNCIL         run `archive_council` once, here
    python -m flows limits              make the global limits that the flows take (once, by an operator)

Prefect's own settings say which server; muniment's own environment says which councils.
"""

import argparse
import sys
from datetime import timedelta
from pathlib import Path
from typing import cast

from prefect import serve
from prefect.deployments.runner import RunnerDeployment

from connectors import registry
from flows.archive import archive_council
from flows.disposal import dispose_council
from flows.holds import hold_review
from flows.limits import limit_name, limits
from flows.retention import honour_deletions, retention_review, transfer_council
from flows.upkeep import reconcile_council, reindex_council, tidy_council, verify_council
from muniment.adapters.council_yaml import load
from muniment.settings import from_environment

__all__ = ["main"]

_EVERY = timedelta(minutes=15)
_NO_SCHEDULE_GOES_ON = 60.0 * 24 * 31


def main(arguments: list[str]) -> int:
    """Run one of the commands above; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m flows")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve")
    commands.add_parser("limits")
    run = commands.add_parser("run")
    run.add_argument("council")
    given = parser.parse_args(arguments)
    if given.command == "run":
        state = archive_council(given.council, minutes=_NO_SCHEDULE_GOES_ON, return_state=True)
        return 0 if state.is_completed() else 5
    make_limits()
    if given.command == "serve":
        serve(*deployments())
    return 0


def councils() -> list[Path]:
    """Return the councils' files."""
    return sorted(from_environment().councils.glob("*.yml"))


def deployments() -> list[RunnerDeployment]:
    """Return one set of deployments for each council: archive every 15 minutes, upkeep by night."""
    found: list[RunnerDeployment] = []
    for path in councils():
        parameters = {"council": path.stem}
        found += [
            cast("RunnerDeployment", made)
            for made in (
                archive_council.to_deployment(
                    name=path.stem, interval=_EVERY, parameters=parameters, concurrency_limit=1
                ),
                tidy_council.to_deployment(name=path.stem, cron="0 2 * * *", parameters=parameters),
                reindex_council.to_deployment(name=path.stem, cron="30 2 * * *", parameters=parameters),
                reconcile_council.to_deployment(name=path.stem, cron="0 4 * * *", parameters=parameters),
                verify_council.to_deployment(name=path.stem, cron="0 3 * * *", parameters=parameters),
                retention_review.to_deployment(name=path.stem, cron="0 5 1 * *", parameters=parameters),
                honour_deletions.to_deployment(name=path.stem, cron="30 4 * * *", parameters=parameters),
                transfer_council.to_deployment(name=path.stem, cron="30 5 1 4 *", parameters=parameters),
                dispose_council.to_deployment(name=path.stem, cron="45 4 * * *", parameters=parameters),
                hold_review.to_deployment(name=path.stem, cron="0 6 1 1,7 *", parameters=parameters),
            )
        ]
    return found


def make_limits() -> None:
    """Make the global concurrency limit of each credential: one stream at a time speaks with it."""
    for path in councils():
        for credential in load(path, registry.PLATFORMS).credentials:
            limits().make(limit_name(path.stem, credential))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
