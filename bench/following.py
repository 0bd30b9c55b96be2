"""What the index's process does in the benches, as `muniment.bootstrap.follow_council` has it done.

A module of its own, so that the process imports what it works with, and not the benches.
"""

from pathlib import Path

from bench.clock import RealTime
from muniment.adapters.delta.archive import DeltaArchive
from muniment.adapters.files import LocalFiles
from muniment.adapters.index_process import Pipe, commits_heard
from muniment.adapters.local_media import LocalMediaStore
from muniment.adapters.sql.register import SqlRegister
from muniment.adapters.tantivy.index import TantivyIndex
from muniment.services.indexing import follow

__all__ = ["archive_in", "follow_commits", "register_in"]


def register_in(root: Path) -> SqlRegister:
    """Open the register that the archive in this folder goes with."""
    return SqlRegister.open(f"sqlite:///{root / 'register.db'}")


def archive_in(root: Path, council: str, register: SqlRegister) -> DeltaArchive:
    """Return a council's archive that lies in this folder."""
    media = LocalMediaStore(root / council, LocalFiles())
    return DeltaArchive(council, root / council, register=register, media=media, clock=RealTime())


def follow_commits(root: Path, council: str, pipe: Pipe) -> None:
    """Bring up the index in this folder at each commit told; like the product, it asks what was erased."""
    register = register_in(root)
    archive, index = archive_in(root, council, register), TantivyIndex(root / "index")
    follow(archive, index, council, commits_heard(pipe), pipe.send, erased=register)
    register.close()
