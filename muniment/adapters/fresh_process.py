"""A process of its own for a part of our work: a fresh interpreter, a pipe to it, and no more than it needs.

`multiprocessing` would have it import the program that was started too, be that a command line, a server of
pages or Prefect: up to a second of a core which the work does not need. What is imported here is what the
work names. Python's cyclic collector finds nothing among modules, so it rests while they are imported, and
then never goes through them again.
"""

import gc
import subprocess
import sys
from collections.abc import Callable
from multiprocessing import Pipe, connection
from typing import Any, TypeAlias

__all__ = ["Channel", "begin", "start"]

Channel: TypeAlias = "connection.Connection[Any, Any]"
"""One end of a pipe that carries whatever pickle can name."""

_BEGIN = (
    "import gc, sys; gc.disable(); sys.path[:] = sys.argv[2:]; "
    "from muniment.adapters.fresh_process import begin; begin(int(sys.argv[1]))"
)


def start(work: Callable[[Any], None]) -> tuple["subprocess.Popen[bytes]", Channel]:
    """Start `work` with its end of a pipe: a function that pickle can name; return the process and our end.

    It is started afresh: forking a process that has threads of Arrow and tantivy would copy locks held.

    Raises:
        OSError: It cannot be started; nothing is left of it.
    """
    pipe, far_end = Pipe()
    try:
        descriptor = far_end.fileno()
        command = [sys.executable, "-c", _BEGIN, str(descriptor), *sys.path]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=[descriptor])  # noqa: S603
        pipe.send(work)
    except OSError:
        pipe.close()
        raise
    finally:
        far_end.close()
    return process, pipe


def begin(descriptor: int) -> None:
    """Do the work that the pipe brings first: where the new process begins."""
    pipe: Channel = connection.Connection(descriptor)
    work = pipe.recv()
    gc.freeze()
    gc.enable()
    work(pipe)
