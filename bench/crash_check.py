"""What must be true of an archive after its writers were killed, once the next writer has taken over."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from deltalake import DeltaTable

from bench.crash_work import COUNCIL, Archived, texts
from muniment.adapters.sql_register import SqlRegister
from muniment.domain.evidence import attachment_leaf, leaf
from muniment.ports import Batch
from muniment.search.answer import Order
from muniment.search.tree import Everything, Query
from muniment.services.indexing import catch_up
from schemas.observation import Presence
from schemas.rows import attachments_from, captures_from, observations_from, records_from

__all__ = ["acknowledged", "faults", "left_behind", "take_over"]

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


def take_over(archived: Archived) -> None:
    """Take the lock as the next writer does, with nothing to file."""
    archived.archive.keep(Batch(captures=(), filings=(), sightings=()))


def faults(archived: Archived) -> Iterator[str]:
    """Yield what is wrong; call it after `take_over`."""
    held = Counter(
        row.record.text for batch in archived.archive.scan(series=["own"]) for row in records_from(batch)
    )
    lost = acknowledged(archived.root) - held.keys()
    if lost:
        yield f"{len(lost)} acknowledged versions lost"
    doubled = [text for text, count in held.items() if count > 1]
    if doubled:
        yield f"{len(doubled)} versions filed twice"
    yield from (f"stray file {path.name}" for path in _strays(archived))
    if (archived.root / COUNCIL / "lock").read_bytes():
        yield "the mark still stands"
    yield from _number_faults(archived)
    yield from _leaf_faults(archived)
    yield from _presence_faults(archived)
    yield from _index_faults(archived, held)


def _strays(archived: Archived) -> Iterator[Path]:
    table = Path(archived.archive.table_root)
    if not (table / "_delta_log").exists():
        return
    named = {Path(path) for path in DeltaTable(str(table)).file_uris()}
    for path in table.rglob("*"):
        if path.parent.name == "_delta_log":
            known = path.name == "_last_checkpoint" or _OF_THE_LOG.fullmatch(path.name) is not None
        else:
            known = path in named or path.is_dir()
        if not known:
            yield path
    pictures = {
        row.sha256
        for batch in archived.archive.scan(series=["attachment"])
        for row in attachments_from(batch)
    }
    council = archived.root / COUNCIL
    yield from (council / name.hex() for name, _ in archived.media.names() if name not in pictures)
    yield from (path for path in (council / "incoming").glob("*/*") if path.name != "alive")


def _number_faults(archived: Archived) -> Iterator[str]:
    numbers: set[int] = set()
    for batch in archived.archive.scan(columns=["commit_no"]):
        numbers.update(batch["commit_no"].to_pylist())
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
    if told != made:
        yield "leaves and exhibits differ"
    for batch in archived.archive.scan(series=["attachment"]):
        for row in attachments_from(batch):
            if row.sha256 is not None:
                with archived.media.open(row.sha256) as file:
                    if len(file.read()) != row.size_bytes:
                        yield "a picture is not whole"


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
    catch_up(archived.archive, archived.index, COUNCIL)
    page = archived.index.search(COUNCIL, Query(typed="", tree=Everything()), order=Order.NEWEST, size=1)
    records = {text.partition(".")[0] for text in held}
    if page.watermark != archived.archive.commit_no():
        yield "the index is behind the archive"
    if (page.versions, page.records) != (sum(held.values()), len(records)):
        yield f"the index holds {page.versions} versions of {sum(held.values())}"
