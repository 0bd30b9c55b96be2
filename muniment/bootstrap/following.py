"""What the process has that indexes beside capture, and no more: it starts in a third of the time.

It reads the archive and writes the index. The register stays with the process that started it, which answers
what an index must know of it (`adapters.register_asked`).
"""

import signal
from collections.abc import Mapping
from contextlib import suppress

from muniment.adapters.delta.reading import DeltaRows
from muniment.adapters.fresh_process import Channel
from muniment.adapters.index_process import Pipe, commits_heard
from muniment.adapters.register_asked import RegisterAsked
from muniment.bootstrap.stores import archive_files, archive_place, search_index
from muniment.services.indexing import follow
from muniment.settings import Settings
from schemas.errors import MunimentError

__all__ = ["follow_council"]


def follow_council(settings: Settings, council: str, pipe: Pipe, questions: Channel) -> None:
    """Index a council's commits as they are told: the work of `IndexProcess`, in a process of its own."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # for the run to hear: this ends with its pipe
    archive = DeltaRows(archive_place(settings, council), archive_files(settings))
    register = RegisterAsked(questions)

    def classes() -> Mapping[str, str]:
        schedule = register.ask("schedule")
        if schedule is None:
            return {}
        from muniment.services.classing_entries import classes_under  # noqa: PLC0415 - slow to import

        return classes_under(schedule, register.ask("setting"), archive)

    with suppress(MunimentError, ConnectionError, EOFError):
        index = search_index(settings)
        follow(archive, index, council, commits_heard(pipe), pipe.send, erased=register, classes=classes)
