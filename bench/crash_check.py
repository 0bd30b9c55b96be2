"""What must be true of an archive after its writers were killed, once the next writer has taken over."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory

from deltalake import DeltaTable

from bench.crash_work import COUNCIL, RECORDS, Archived, texts
from muniment.adapters.delta.table import CouncilTable
from muniment.adapters.sql.register import SqlRegister
from muniment.domain.disposal_run import RunState
from muniment.domain.evidence import attachment_leaf, leaf
from muniment.ports import Batch
from muniment.search.answer import Order
from muniment.search.tree import Everything, Query
from muniment.services.indexing import catch_up
from muniment.services.working_off import go_on
from schemas.errors import WriteConflictError
from schemas.observation import Presence
from schemas.rows import attachments_from, captures_from, observations_from, records_from

__all__ = ["acknowledged", "again", "faults", "left_behind", "take_over", "unfinished_disposals"]

_TRIES = 5
_OF_THE_LOG = re.compile(r"\d{20}\.(json|checkpoint\.parquet)")


def acknowledged(root: Path) -> set[str]:
    """Return every version that any worker's `keep` acknowledged."""
    found: set[str] = set()
    for path in root.glob("acknowledged-*"):
        found |= texts(path.read_text(encoding="utf-8").splitlines(keepends=True))
    return found


def left_behind(archived: Archived) -> int:
    """Return how many files the dead left that nothing names: what recovery is for."""
    return len(list(_strays(archived)))


def unfinished_disposals(archived: Archived) -> int:
    """Return how many disposals the dead left past their intent, without a certificate."""
    runs = archived.register.disposal_runs(COUNCIL)
    return sum(run.state in (RunState.EXECUTING, RunState.VERIFYING) for run in runs)


def take_over(archived: Archived) -> int:
    """Take the lock as the next writer does, then finish what was to be destroyed; return certificates."""
    again(archived, lambda: archived.archive.keep(Batch(captures=(), filings=(), sightings=())))
    certified = 0

    def finish() -> None:
        nonlocal certified
        told = go_on(archived.office.destroying)
        certified += sum(one.state is RunState.CERTIFIED for one in told.done)
        for _, error in told.failed:
            if isinstance(error, WriteConflictError):
                raise error

    again(archived, finish)
    return certified


def again(archived: Archived, act: Callable[[], object]) -> None:
    """Do something that takes the lock, as a person would: again where the lease of a bucket was lost.

    The kill test's lease is so short that a machine which stalls for a second loses it.

    Raises:
        WriteConflictError: It was lost each time; or the lock is one of a disk, which nobody loses.
    """
    for left in reversed(range(1 if archived.place.server is None else _TRIES)):
        try:
            act()
        except WriteConflictError:
            if not left:
                raise
        else:
            return


def faults(archived: Archived) -> Iterator[str]:
    """Yield what is wrong; call it after `take_over`."""
    held = Counter(
        row.record.text for batch in archived.archive.scan(series=["own"]) for row in records_from(batch)
    )
    lost = acknowledged(archived.root) - held.keys()
    destroyed = _destroyed(archived, lost | held.keys())
    lost = {text for text in lost if _record_of(text) not in destroyed}
    back = {text for text in held if _record_of(text) in destroyed}
    if back:
        yield f"{len(back)} destroyed versions are held"
    if lost:
        yield f"{len(lost)} acknowledged versions lost"
    doubled = [text for text, count in held.items() if count > 1]
    if doubled:
        yield f"{len(doubled)} versions filed twice"
    yield from (f"stray file {path.name}" for path in _strays(archived))
    if archived.place.server is None and (archived.root / COUNCIL / "lock").read_bytes():
        yield "the mark still stands"
    yield from _number_faults(archived)
    yield from _leaf_faults(archived)
    yield from _presence_faults(archived)
    yield from _disposal_faults(archived)
    yield from _index_faults(archived, held)


def _strays(archived: Archived) -> Iterator[PurePath]:
    table = archived.archive.table_root
    files = archived.place.files()
    if not CouncilTable(table, files).exists():
        return
    options = files.options()
    named = DeltaTable(
        files.uri(table), storage_options=None if options is None else dict(options)
    ).file_uris()
    for path, _ in files.walk(table):
        if path.parent.name == "_delta_log":
            known = path.name == "_last_checkpoint" or _OF_THE_LOG.fullmatch(path.name) is not None
        else:
            known = files.uri(path) in named
        if not known:
            yield path
    pictures = {
        row.sha256
        for batch in archived.archive.scan(series=["attachment"])
        for row in attachments_from(batch)
    }
    spool = archived.place.spool
    yield from (spool / name.hex() for name, _ in archived.media.names() if name not in pictures)
    yield from (path for path in (spool / "incoming").glob("*/*") if path.name != "alive")


def _number_faults(archived: Archived) -> Iterator[str]:
    numbers: set[int] = set()
    for batch in archived.archive.scan(columns=["commit_no"]):
        numbers.update(batch["commit_no"].to_pylist())
    runs = archived.register.disposal_runs(COUNCIL)
    numbers |= {run.erased_commit for run in runs if run.erased_commit is not None}
    if numbers != set(range(1, archived.archive.commit_no() + 1)):
        yield "commit numbers have a gap"


def _leaf_faults(archived: Archived) -> Iterator[str]:
    told = Counter(
        one
        for batch in archived.archive.scan(series=["capture"])
        for row in captures_from(batch)
        for one in row.leaves
    )
    made: Counter[bytes] = Counter()
    for batch in archived.archive.scan(series=["own"]):
        made.update(leaf(row.salt, row.exhibit) for row in records_from(batch))
    for batch in archived.archive.scan(series=["observation"]):
        pairs = zip(observations_from(batch), batch["salt"].to_pylist(), strict=True)
        made.update(leaf(salt, row.exhibit) for row, salt in pairs if row.exhibit is not None)
    for batch in archived.archive.scan(series=["attachment"]):
        fetched = zip(attachments_from(batch), batch["salt"].to_pylist(), strict=True)
        made.update(attachment_leaf(salt, row) for row, salt in fetched)
    if made - told:  # leaves of what was destroyed stay in the capture rows
        yield "leaves and exhibits differ"
    for batch in archived.archive.scan(series=["attachment"]):
        for row in attachments_from(batch):
            if row.sha256 is not None:
                with archived.media.open(row.sha256) as file:
                    if len(file.read()) != row.size_bytes:
                        yield "a picture is not whole"


def _record_of(text: str) -> str:
    return f"facebook:{text.partition('.')[0]}"


def _destroyed(archived: Archived, versions: set[str]) -> frozenset[str]:
    return archived.register.disposed(COUNCIL, sorted({_record_of(text) for text in versions}))


def _disposal_faults(archived: Archived) -> Iterator[str]:
    """Every run is before its intent or has a true certificate; nothing of what went is told anywhere."""
    counts = archived.register.stub_counts(COUNCIL)
    told = 0
    for run in archived.register.disposal_runs(COUNCIL):
        if run.state in (RunState.EXECUTING, RunState.VERIFYING):
            yield f"the run {run.run} is {run.state} still"
        elif run.state is RunState.CERTIFIED:
            says = archived.office.destroying.certifying.read(run.run)
            told += says["records"]
            if says["records"] != run.intent_count or not says["records"]:
                yield f"the certificate of {run.run} tells {says['records']} of {run.intent_count} records"
            if says["ids_hmac_sha256"] != (run.intent_digest or b"").hex():
                yield f"the certificate of {run.run} has another digest than its intent"
            if not all(proof["proved"] for proof in says["proofs"]):
                yield f"the certificate of {run.run} was issued without a proof"
    if told != sum(counts.values()):
        yield f"certificates tell {told} records, stubs {sum(counts.values())}"
    gone = sorted(archived.register.disposed(COUNCIL, [f"facebook:{n}" for n in range(RECORDS)]))
    if archived.register.mentions(COUNCIL, gone):
        yield "the register names what was destroyed"


def _presence_faults(archived: Archived) -> Iterator[str]:
    with TemporaryDirectory() as folder:
        anew = SqlRegister.open(f"sqlite:///{folder}/register.db")
        upto = archived.archive.commit_no()
        anew.rebuild(COUNCIL, upto, archived.archive.scan(series=["observation"]))
        ids = [
            one
            for batch in archived.archive.scan(series=["own"], columns=["record_id"])
            for one in batch["record_id"].to_pylist()
        ]
        if archived.register.watermark(COUNCIL) != upto:
            yield "presence is behind the archive"
        if _without_order(archived.register.known(COUNCIL, ids)) != _without_order(anew.known(COUNCIL, ids)):
            yield "presence is not what a rebuild gives"
        anew.close()


def _without_order(known: Mapping[str, tuple[Presence, ...]]) -> dict[str, set[tuple[object, ...]]]:
    return {record_id: {_facts(one) for one in ones} for record_id, ones in known.items()}


def _facts(one: Presence) -> tuple[object, ...]:
    return (one.account, one.stream, one.state, one.shown, one.version_id, one.absences, one.last_seen_at)


def _index_faults(archived: Archived, held: Counter[str]) -> Iterator[str]:
    catch_up(archived.archive, archived.index, COUNCIL, erased=archived.register)
    page = archived.index.search(COUNCIL, Query(typed="", tree=Everything()), order=Order.NEWEST, size=1)
    records = {text.partition(".")[0] for text in held}
    if page.watermark != archived.archive.commit_no():
        yield "the index is behind the archive"
    if (page.versions, page.records) != (sum(held.values()), len(records)):
        yield f"the index holds {page.versions} versions of {sum(held.values())}"
