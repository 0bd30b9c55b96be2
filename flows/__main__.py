"""`python -m flows`: what `muniment serve` and the demonstration start as a child process.

    python -m flows serve               run the schedules of every council, here
    python -m flows run COUNCIL         run `archive_council` once, here
    python -m flows limits              make the global limits that the flows take (once, by an operator)

Prefect's own settings say which server; muniment's own environment says which councils.
"""

import argparse
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, cast

from prefect import serve
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Cron, Interval
from prefect.settings import PREFECT_API_URL

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
_SINCE = datetime(2026, 1, 1, 0, 7, tzinfo=UTC)
"""From when the quarters of an hour are counted: else each start of the service would put the next archive
off by one. Seven minutes past, since upkeep begins at full and half hours."""
_UPKEEP: Final = (
    (tidy_council, "0 2 * * *"),
    (reindex_council, "30 2 * * *"),
    (verify_council, "0 3 * * *"),
    (reconcile_council, "0 4 * * *"),
    (honour_deletions, "30 4 * * *"),
    (dispose_council, "45 4 * * *"),
    (retention_review, "0 5 1 * *"),
    (transfer_council, "30 5 1 4 *"),
    (hold_review, "0 6 1 1,7 *"),
)
"""When each flow begins, by the clock of London: after the hour that summer time takes out or gives twice."""
_TO_THE_END: Final = 60.0 * 24 * 31
"""Minutes, for a run that is asked for by hand: no later one goes on with what it leaves."""


def main(arguments: list[str]) -> int:
    """Run one of the commands above; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m flows")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve")
    commands.add_parser("limits")
    run = commands.add_parser("run")
    run.add_argument("council")
    given = parser.parse_args(arguments)
    with get_client(sync_client=True) as client:
        refused = client.api_healthcheck()
    if refused is not None:
        told = f"The Prefect server at {PREFECT_API_URL.value()} does not answer ({type(refused).__name__})."
        sys.stderr.write(f"muniment: {told}\nWhat to do: Start it, or correct MUNIMENT_PREFECT_API.\n")
        return 6
    if given.command == "run":
        state = archive_council(given.council, minutes=_TO_THE_END, return_state=True)
        return 0 if state.is_completed() else 5
    make_limits()
    if given.command == "serve":
        serve(*deployments())
    return 0


def councils() -> list[Path]:
    """Return the councils' files."""
    return sorted(from_environment().councils.glob("*.yml"))


def deployments() -> list[RunnerDeployment]:
    """Return one set of deployments for each council: archive every 15 minutes, upkeep by night in London.

    An archive that still runs when the next is due goes on, and the next is left out: it does the work.
    """
    one_at_a_time = ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW)
    found: list[object] = []
    for path in councils():
        council = {"council": path.stem}
        every = Interval(_EVERY, anchor_date=_SINCE)
        found.append(
            archive_council.to_deployment(
                name=path.stem, schedule=every, parameters=council, concurrency_limit=one_at_a_time
            )
        )
        found += [
            flow.to_deployment(
                name=path.stem, schedule=Cron(cron, timezone="Europe/London"), parameters=council
            )
            for flow, cron in _UPKEEP
        ]
    return cast("list[RunnerDeployment]", found)


def make_limits() -> None:
    """Make the global concurrency limit of each credential: one stream at a time speaks with it."""
    for path in councils():
        for credential in load(path, registry.PLATFORMS).credentials:
            limits().make(limit_name(path.stem, credential))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
