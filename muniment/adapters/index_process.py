"""The search index brought up in a process of its own, while capture goes on: the second core's work.

Only a run that brings much has one: it starts with the first large commit. It is told of commits and
answers with the watermark it reached; it reads the archive as any reader does and writes only the index.
When it fails, nothing is lost and nobody is told: the run's last step brings the index up anyway.
"""

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TypeAlias

from typing_extensions import override

from muniment.adapters.fresh_process import Channel, start
from muniment.adapters.register_asked import Answers, answer
from muniment.ports import IndexBeside, Kept

__all__ = ["IndexProcess", "Pipe", "commits_heard"]

Pipe: TypeAlias = Channel
"""Commit numbers one way, watermarks the other."""

_WORTH_A_PROCESS = 5_000
"""New and changed records in one commit: a process takes a second of a core to start."""
_LATEST_SECONDS = 600.0
_PATIENCE_SECONDS = 120.0
"""A last portion of 20,000 rows takes it seconds; swapping a large index may take longer."""


class IndexProcess(IndexBeside):
    """Starts `target` in a fresh process, with its ends of two pipes: a function that pickle can name.

    One carries commit numbers and watermarks; over the other it may ask what `answers` answer.
    """

    def __init__(
        self,
        target: Callable[[Pipe, Channel], None],
        answers: Answers,
        *,
        worth: int = _WORTH_A_PROCESS,
        patience: float = _PATIENCE_SECONDS,
    ) -> None:
        """Keep what to run; nothing is started before it is worth it.

        `patience`: for how many seconds `close` waits for it to end what it is at, before it stops it.
        """
        self._target = target
        self._answers = answers
        self._worth = worth
        self._patience = patience
        self._guard = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Pipe | None = None
        self._told = self._reached = 0

    @property
    def pid(self) -> int | None:
        """The process, while there is one."""
        return None if self._process is None else self._process.pid

    @override
    def hear(self, kept: Kept) -> None:
        if kept.commit_no is None:
            return
        with self._guard, suppress(OSError):  # it cannot be started, or has ended: see above
            if self._process is None and kept.new + kept.changed >= self._worth:
                self._begin()
            if self._pipe is not None:
                self._told = max(self._told, kept.commit_no)
                self._take_answers(self._pipe)
                self._pipe.send(kept.commit_no)

    @override
    def settle(self) -> None:
        with self._guard, suppress(EOFError, OSError):
            while self._pipe is not None and self._reached < self._told and self._pipe.poll(_LATEST_SECONDS):
                self._reached = max(self._reached, self._pipe.recv())

    @override
    def close(self) -> None:
        with self._guard:
            if self._pipe is not None:
                self._pipe.close()
                self._pipe = None
            if self._process is not None:
                self._end(self._process)
                self._process = None

    def _begin(self) -> None:
        self._process, (self._pipe, questions) = start(self._target, pipes=2)
        # It waits for questions till the process has ended, however that ends.
        threading.Thread(target=answer, args=(questions, self._answers), daemon=True).start()

    def _end(self, process: "subprocess.Popen[bytes]") -> None:
        """Wait until it has ended; one that hangs is stopped, then killed: the index is mended later."""
        for harder in (process.terminate, process.kill, lambda: None):
            with suppress(subprocess.TimeoutExpired):
                process.wait(self._patience)
                return
            harder()

    def _take_answers(self, pipe: Pipe) -> None:
        # A pipe holds a few hundred: full of answers it would stop the process, and then us.
        with suppress(EOFError):
            while pipe.poll():
                self._reached = max(self._reached, pipe.recv())


def commits_heard(pipe: Pipe) -> Iterator[int]:
    """Yield the newest commit told, until the other end is closed, with answers untaken or not."""
    with suppress(EOFError, ConnectionError):
        while True:
            commit_no = pipe.recv()
            while pipe.poll():
                commit_no = pipe.recv()
            yield commit_no
