"""What the services need of the world outside: the archive, the register, the index, the media store.

Each is a small protocol with real implementations in `adapters`; `bootstrap` chooses. One archive, one
media store and one index serve one council; the register serves all.

What they name of others they name in annotations only, which are not evaluated (`from __future__ import
annotations`): whoever needs one port does not import what all the rest speak of.
"""

from muniment.ports.archive import Archive, ArchiveRows, Batch, Erasure, Filing, Kept, Remains, StoreStat
from muniment.ports.audit import AuditChain, AuditTrail, People
from muniment.ports.coverage import Coverage, Queue
from muniment.ports.holds import Holds, NewHold
from muniment.ports.media import Incoming, MediaStore
from muniment.ports.place import Finding, Judgement
from muniment.ports.presence import PresenceView
from muniment.ports.register import Enrolled, Register
from muniment.ports.seals import Fault, Seals
from muniment.ports.search_index import IndexBeside, SearchIndex
from muniment.ports.walks import Noted, PastWalk, Walks

__all__ = [
    "Archive",
    "ArchiveRows",
    "AuditChain",
    "AuditTrail",
    "Batch",
    "Coverage",
    "Enrolled",
    "Erasure",
    "Fault",
    "Filing",
    "Finding",
    "Holds",
    "Incoming",
    "IndexBeside",
    "Judgement",
    "Kept",
    "MediaStore",
    "NewHold",
    "Noted",
    "PastWalk",
    "People",
    "PresenceView",
    "Queue",
    "Register",
    "Remains",
    "Seals",
    "SearchIndex",
    "StoreStat",
    "Walks",
]
