"""The chain of seals over one council's archive, and the check of every file that it names.

    <root>/seals/00000001.seal            a seal (domain.evidence.seal_file)
    <root>/seals/00000001.<authority>.tsr a time stamp of it, by each authority that answered

A seal covers all commits since the last, under the archive's lock. Page checksums do not protect a
file (of 300 single-bit flips in a Parquet footer 205 went unnoticed); the SHA-256 under a seal does.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Final
from urllib.parse import unquote

from typing_extensions import override

from muniment.adapters.rfc3161 import TimestampAuthority, stamped_digest
from muniment.adapters.seal_key import SealKey, is_signed_by
from muniment.adapters.storage import Files
from muniment.domain.audit import NO_ENTRY
from muniment.domain.evidence import NO_SEAL, Seal, merkle_root, seal_body, seal_digest, seal_file, seal_from
from muniment.ports import Archive, Fault, Seals
from schemas.clock import Clock
from schemas.errors import IntegrityError

__all__ = ["SealChain"]

_LOG: Final = "_delta_log"
_CLEANED: Final = "log cleanup"
_PIECE: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Changes:
    """What the log says since the last seal: files added and removed, and the newest entry."""

    added: frozenset[str]
    removed: dict[str, str]
    log: tuple[str, ...]
    newest: int


class SealChain(Seals):
    """Seals one council's archive, and with it the register's audit chain, whose head stands in each seal.

    `locked` holds the archive's lock; `audit_head` tells the chain's head, `knows_audit_head` whether a head
    is one of the chain's.
    """

    def __init__(
        self,
        *,
        council: str,
        root: PurePath,
        archive: Archive,
        files: Files,
        key: SealKey,
        clock: Clock,
        authorities: Collection[TimestampAuthority] = (),
        locked: Callable[[], AbstractContextManager[object]],
        audit_head: Callable[[], bytes] = lambda: NO_ENTRY,
        knows_audit_head: Callable[[bytes], bool] = lambda _head: True,
    ) -> None:
        """Name the folder; nothing is read yet."""
        self._council = council
        self._table = root / "table"
        self._folder = root / "seals"
        self._archive = archive
        self._files = files
        self._key = key
        self._clock = clock
        self._authorities = tuple(authorities)
        self._locked = locked
        self._audit_head = audit_head
        self._knows_audit_head = knows_audit_head

    @override
    def seal(self) -> Seal | None:
        with self._locked():
            made = self._seal(frozenset())
        self.stamp()
        return made

    def seal_held(self, cleaned: Collection[str]) -> None:
        """Seal while the archive's lock is held by the caller: what the archive calls around its upkeep."""
        self._seal(frozenset(cleaned))

    def admit(self) -> None:
        """Refuse a register that is older than the last seal: it has lost stubs, holds and audit entries.

        Raises:
            IntegrityError: Its audit chain does not have the head that the last seal names.
        """
        try:
            last = self._last()
        except IntegrityError:
            return  # `seals` and `faults` name a damaged seal
        if last is not None and not self._knows_audit_head(last.audit_head):
            raise IntegrityError(
                f"The register is older than seal {last.number} of council {self._council}: what was "
                "disposed of, held or done since is missing from it.",
                remedy="Restore the newest backup of the register. Where there is none: "
                "`muniment store adopt-register` (docs/operate/backup.md).",
            )

    @override
    def seals(self) -> Iterator[Seal]:
        for path in self._paths():
            yield self._read(path)

    @override
    def stamp(self) -> int:
        pending = 0
        for path, authority in self._owed():
            token_path = self._token_path(path, authority)
            token = authority.stamp(seal_digest(seal_from(self._files.read(path))))
            if token is None:
                pending += 1
            else:
                self._files.put_evidence(token_path, token)
        return pending

    @override
    def pending(self) -> int:
        return len(self._owed())

    @override
    def faults(self) -> Iterator[Fault]:
        """Yield what is wrong with the chain and with each file under it, the first broken thing first."""
        previous = NO_SEAL
        active: dict[str, str] = {}
        removed: set[str] = set()
        chain: list[Seal] = []
        for number, path in enumerate(self._paths(), start=1):
            name = f"seals/{path.name}"
            try:
                seal = seal_from(self._files.read(path))
            except (ValueError, IntegrityError):
                yield Fault(what=name, why="is not the seal that was written")
                return
            if not is_signed_by(seal.public_key, seal.signature, seal_body(seal)):
                yield Fault(what=name, why="its signature is not of these words")
                return
            if seal.public_key != self._key.public:
                yield Fault(what=name, why="was signed with another key than ours")
            if seal.number != number or seal.previous != previous or seal.council != self._council:
                yield Fault(what=name, why="does not follow the seal before it")
                return
            yield from self._token_faults(path, seal)
            chain.append(seal)
            previous = seal_digest(seal)
            active |= seal.added
            removed |= set(seal.removed)
        # What a newer commit took away (an erasure whose process died before its seal) is not yet sealed.
        removed |= self._changes(chain[-1].log_version if chain else -1).removed.keys()
        sealed = {name: active[name] for name in sorted(set(active) - removed)}
        broken = [fault for name in sealed if (fault := self._file_fault(name, sealed[name])) is not None]
        yield from broken
        if not broken:
            # What lies in a broken file cannot even be read.
            yield from self._strangers(set(sealed), chain[-1] if chain else None)
            yield from self._root_faults(chain)

    def _seal(self, cleaned: frozenset[str]) -> Seal | None:
        last = self._last()
        changes = self._changes(-1 if last is None else last.log_version)
        head = self._audit_head()
        if not changes.log and not cleaned and head == (NO_ENTRY if last is None else last.audit_head):
            return None
        first = 1 if last is None else last.last_commit + 1
        upto = self._archive.commit_no()
        leaves = self._leaves(after=first - 1, upto=upto)
        names = sorted((changes.added - set(changes.removed)) | set(changes.log))
        seal = Seal(
            council=self._council,
            number=1 if last is None else last.number + 1,
            previous=NO_SEAL if last is None else seal_digest(last),
            first_commit=first,
            last_commit=upto,
            log_version=changes.newest,
            sealed_at=self._clock.now(),
            sandbox_clock=self._clock.sandbox,
            added={name: self._sha256(self._table / name) for name in names},
            removed=changes.removed | dict.fromkeys(sorted(cleaned), _CLEANED),
            leaves=len(leaves),
            root=merkle_root(leaves),
            audit_head=head,
            public_key=self._key.public,
        )
        seal = replace(seal, signature=self._key.sign(seal_body(seal)))
        self._files.put_evidence(self._folder / f"{seal.number:08d}.seal", seal_file(seal))
        return seal

    def _changes(self, after: int) -> _Changes:
        added: set[str] = set()
        removed: dict[str, str] = {}
        log: list[str] = []
        newest = after
        while self._files.exists(self._table / _LOG / f"{newest + 1:020d}.json"):
            newest += 1
            name = f"{_LOG}/{newest:020d}.json"
            log.append(name)
            entries = [json.loads(line) for line in self._files.read(self._table / name).splitlines()]
            facts: dict[str, str] = next(
                (entry["commitInfo"] for entry in entries if "commitInfo" in entry), {}
            )
            why = " ".join(filter(None, (facts.get("kind", "rewritten"), facts.get("run"))))
            added |= {unquote(entry["add"]["path"]) for entry in entries if "add" in entry}
            removed |= {unquote(entry["remove"]["path"]): why for entry in entries if "remove" in entry}
        return _Changes(added=frozenset(added), removed=removed, log=tuple(log), newest=newest)

    def _leaves(self, *, after: int, upto: int) -> list[bytes]:
        found: list[bytes] = []
        for batch in self._archive.scan(series=["capture"], columns=["leaves"], after=after, upto=upto):
            for leaves in batch.column("leaves").to_pylist():
                found += leaves
        return found

    def _token_faults(self, path: PurePath, seal: Seal) -> Iterator[Fault]:
        wanted = hashlib.sha256(seal_digest(seal)).digest()
        for token_path in self._named(f"{path.stem}.*.tsr"):
            try:
                said = stamped_digest(self._files.read(token_path))
            except (ValueError, IntegrityError):
                said = b""
            if said != wanted:
                yield Fault(what=f"seals/{token_path.name}", why="is no time stamp of its seal")

    def _file_fault(self, name: str, wanted: str) -> Fault | None:
        try:
            found = self._sha256(self._table / name)
        except FileNotFoundError:
            return Fault(what=f"table/{name}", why="is sealed, but not there")
        except OSError:  # the disk fails, or the store's own checksum does not fit
            return Fault(what=f"table/{name}", why="cannot be read whole")
        return None if found == wanted else Fault(what=f"table/{name}", why="is not the file that was sealed")

    def _root_faults(self, chain: list[Seal]) -> Iterator[Fault]:
        for seal in chain:
            leaves = self._leaves(after=seal.first_commit - 1, upto=seal.last_commit)
            if len(leaves) != seal.leaves or merkle_root(leaves) != seal.root:
                yield Fault(
                    what=f"seals/{seal.number:08d}.seal",
                    why="its root is not that of the leaves that are held",
                )

    def _strangers(self, sealed: set[str], last: Seal | None) -> Iterator[Fault]:
        """Yield files that no seal names, though they are not newer than the last one."""
        newer = self._changes(-1 if last is None else last.log_version)
        unsealed = newer.added | set(newer.log)
        for path, _ in sorted(self._files.walk(self._table)):
            name = str(path.relative_to(self._table))
            derived = ".checkpoint." in name or name.endswith("_last_checkpoint")
            if name not in sealed and name not in unsealed and name not in newer.removed and not derived:
                yield Fault(what=f"table/{name}", why="is named by no seal and by no newer commit")
        if last is not None and self._archive.commit_no() < last.last_commit:
            yield Fault(what="table", why=f"ends before commit {last.last_commit}, which is sealed")

    def _sha256(self, path: PurePath) -> str:
        digest = hashlib.sha256()
        with self._files.open(path) as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
        return digest.hexdigest()

    def _paths(self) -> list[PurePath]:
        return self._named("*.seal")

    def _named(self, pattern: str) -> list[PurePath]:
        return sorted(path for path, _ in self._files.walk(self._folder) if path.match(pattern))

    def _owed(self) -> list[tuple[PurePath, TimestampAuthority]]:
        """Return the seals without an authority's stamp: by one listing, since a chain grows for years."""
        if not self._authorities:
            return []
        there = {path for path, _ in self._files.walk(self._folder)}
        seals = sorted(path for path in there if path.match("*.seal"))
        return [
            (path, authority)
            for path in seals
            for authority in self._authorities
            if self._token_path(path, authority) not in there
        ]

    def _last(self) -> Seal | None:
        """Return the newest seal, which alone the next one needs."""
        paths = self._paths()
        return self._read(paths[-1]) if paths else None

    def _read(self, path: PurePath) -> Seal:
        try:
            return seal_from(self._files.read(path))
        except ValueError as error:
            raise IntegrityError(
                f"The seal {path.name} of council {self._council} is damaged.",
                remedy="Restore it from the backup, then run `muniment verify`.",
            ) from error

    def _token_path(self, path: PurePath, authority: TimestampAuthority) -> PurePath:
        name = hashlib.sha256(authority.url.encode()).hexdigest()[:12]
        return path.with_name(f"{path.stem}.{name}.tsr")
