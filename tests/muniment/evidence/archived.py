"""A small council, archived in this process: the services over real files, an index and a register."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from muniment.bootstrap.council import CouncilServices
from muniment.bootstrap.opening import Muniment
from muniment.services.finishing import finish
from muniment.services.verifying import Verdict, verify
from muniment.settings import from_environment
from tests.flows.council import Stage, small_council

__all__ = ["archive", "archived", "opened", "verdict"]


@contextmanager
def opened(stage: Stage, **settings: str) -> Iterator[CouncilServices]:
    """Open the council's services as a new process would."""
    environment = {"MUNIMENT_HOME": str(stage.home), "MUNIMENT_COUNCILS": str(stage.councils), **settings}
    muniment = Muniment(from_environment(environment))
    try:
        yield muniment.council("smalltown")
    finally:
        muniment.close()


def archive(services: CouncilServices) -> None:
    """Run every walk that is due, then seal and index."""
    first = services.archive.commit_no()
    for jobs in services.archiving.rounds():
        for job in jobs:
            services.archiving.run(job)
    finish(
        services.name,
        archive=services.archive,
        seals=services.seals,
        index=services.process.index,
        erased=services.process.register,
        first_commit=first,
    )


@contextmanager
def archived(folder: Path, **settings: str) -> Iterator[tuple[Stage, CouncilServices]]:
    """Serve the council, archive it once, and leave its services open."""
    with small_council(folder) as stage, opened(stage, **settings) as services:
        archive(services)
        yield stage, services


def verdict(services: CouncilServices) -> Verdict:
    """Hold everything against its evidence."""
    return verify(
        services.name,
        archive=services.archive,
        seals=services.seals,
        media=services.media,
        presence=services.process.register,
        coverage=services.process.register,
        audit=services.process.register,
    )
