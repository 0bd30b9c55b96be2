"""Which process a row of the register belongs to, and whether it lives: a dead one's work is nobody's."""

import os
import socket
from pathlib import Path

__all__ = ["may_live", "this_process"]

_START: int = 19
"""Where /proc/<pid>/stat tells when a process began, counted behind its name: a pid alone is used again."""


def this_process() -> str:
    """Return the name of this process: host, pid, and when it began."""
    return f"{socket.gethostname()}/{os.getpid()}/{_began(os.getpid())}"


def may_live(owner: str) -> bool:
    """Return whether a process lives, as far as it can be told from here: of another machine, it may."""
    host, _, rest = owner.partition("/")
    pid, _, began = rest.partition("/")
    if host != socket.gethostname() or not pid.isdigit():
        return True
    return bool(began) and _began(int(pid)) == began


def _began(pid: int) -> str:
    try:
        told = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    return told.rpartition(")")[2].split()[_START]
