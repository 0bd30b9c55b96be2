"""A process of its own for a part of our work: a fresh interpreter, pipes to it, and no more than it needs.

`multiprocessing` would have it import the program that was started too, be that a command line, a server of
pages or Prefect: up to a second of a core which the work does not need. What is imported here is what the
work names. Python's cyclic collector finds nothing among modules, so it rests while they are imported, and
then never goes through them again.
"""

import gc
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from multiprocessing import Pipe, connection
from typing import Any, TypeAlias

__all__ = ["Channel", "begin", "start"]

Channel: TypeAlias = "connection.Connection[Any, Any]"
"""One end of a pipe that carries whatever pickle can name."""

_BEGIN = (
    "import gc, sys; gc.disable(); sys.path[:] = sys.argv[2:]; "
    "from muniment.adapters.fresh_process import begin; begin(*map(int, sys.argv[1].split(',')))"
)


def start(work: Callable[..., None], *, pipes: int = 1) -> tuple["subprocess.Popen[bytes]", list[Channel]]:
    """Start `work` with its ends of so many pipes; return the process and our ends.

    `work` is a function that pickle can name.

    It is started afresh: forking a process that has threads of Arrow and tantivy would copy locks held.

    Raises:
        OSError: It cannot be started; nothing is left of it.
    """
    with ExitStack() as far, ExitStack() as near:
        ends = [Pipe() for _ in range(pipes)]
        for ours, theirs in ends:
            near.enter_context(ours)
            far.enter_context(theirs)
        descriptors = [theirs.fileno() for _, theirs in ends]
        command = [sys.executable, "-c", _BEGIN, ",".join(map(str, descriptors)), *sys.path]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=descriptors)  # noqa: S603
        ends[0][0].send(work)
        near.pop_all()  # open from here on
    return process, [ours for ours, _ in ends]


def begin(*descriptors: int) -> None:
    """Do the work that the first pipe brings first: where the new process begins."""
    pipes: list[Channel] = [connection.Connection(one) for one in descriptors]
    work = pipes[0].recv()
    gc.freeze()
    gc.enable()
    work(*pipes)
