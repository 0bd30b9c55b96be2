"""What could not be read when it came, and is understood by a better reader, is filed with its evidence."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import muniment.check_proof
from connectors.contract import Connector, Reading
from muniment.adapters.sql.register import SqlRegister
from muniment.bootstrap.council import CouncilServices
from muniment.domain.holds import HoldKind
from muniment.domain.people import SYSTEM, Actor, Role
from muniment.ports import NewHold
from muniment.search.answer import Order
from muniment.search.parse import parse
from muniment.services.finishing import finish
from muniment.services.holding import place
from muniment.services.proving import proof
from muniment.services.rereading import Filed, file_readable
from muniment.services.showing import show
from schemas.arrow import RECORD_SERIES
from schemas.capture import Exhibit
from schemas.errors import MalformedItemError
from schemas.observation import Presence
from schemas.vocabulary import Series, State
from tests.flows.council import Stage, small_council
from tests.muniment.adapters.register.disposal_stage import a_run, items
from tests.muniment.evidence.archived import archive, opened, verdict

HOUR = 3_600


class BetterReader:
    """A reader of a later muniment: it knows that a text may come as a list of one."""

    def __init__(self, inner: Connector, rename: Callable[[str], str] = lambda name: name) -> None:
        self._inner = inner
        self._rename = rename

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def read(self, exhibit: Exhibit) -> Reading:
        try:
            return self._inner.read(exhibit)
        except MalformedItemError:
            item = json.loads(exhibit.parts[0])
            item["message"] = item["message"][0]
            mended = replace(exhibit, parts=(json.dumps(item).encode(), *exhibit.parts[1:]))
            reading = self._inner.read(mended)
            assert reading.record is not None
            name = self._rename(exhibit.record_id)
            return replace(reading, record=replace(reading.record, record_id=name))


@contextmanager
def drifted(folder: Path) -> Iterator[tuple[Stage, CouncilServices]]:
    """A council archived while Facebook gave the text of its posts in another shape."""
    with small_council(folder) as stage, opened(stage) as services:
        fake = stage.fakes["facebook"]
        fake.knobs.drift.extend(fake.drifts("retyped"))
        archive(services)
        yield stage, services


def again(services: CouncilServices, rename: Callable[[str], str] = lambda name: name) -> Filed:
    def reader(platform: str, account: str) -> Connector | None:
        found = services.reader(platform, account)
        return None if found is None else cast("Connector", BetterReader(found, rename))

    first = services.archive.commit_no()
    filed = file_readable(
        services.name,
        archive=services.archive,
        register=services.process.register,
        reader=reader,
        now=services.clock.now(),
    )
    finish(
        services.name,
        archive=services.archive,
        seals=services.seals,
        index=services.process.index,
        first_commit=first,
    )
    return filed


def rows(services: CouncilServices, *series: str) -> list[dict[str, Any]]:
    scan = services.archive.scan(series=series or RECORD_SERIES)
    return [row for batch in scan for row in batch.to_pylist()]


def presences(services: CouncilServices, ids: list[str]) -> dict[str, tuple[Presence, ...]]:
    return dict(services.process.register.known(services.name, ids))


def test_what_a_better_reader_understands_is_filed_once_with_the_same_capture_salt_and_leaf(
    tmp_path: Path,
) -> None:
    with drifted(tmp_path) as (_, services):
        unread = rows(services, "unread")
        assert len(unread) >= 5
        filed = again(services)
        assert (filed.unread, filed.filed, filed.renamed) == (len(unread), len(unread), 0)
        told = {
            row["record_id"]: row for row in rows(services, "own", "public") if row["platform"] == "facebook"
        }
        for row in unread:
            readable = told[row["record_id"]]
            same = ("capture_id", "salt", "header", "parts", "captured_at", "account")
            assert {name: readable[name] for name in same} == {name: row[name] for name in same}
            assert readable["text"]
        assert verdict(services).faults == ()
        assert verdict(services).not_yet_sealed == 0
        commit_no = services.archive.commit_no()
        assert again(services).filed == 0
        assert services.archive.commit_no() == commit_no


def test_the_readable_version_becomes_current_and_nothing_was_seen_anew(tmp_path: Path) -> None:
    with drifted(tmp_path) as (_, services):
        services.clock.wait(2 * HOUR)
        archive(services)  # seen again, and still not understood
        ids = sorted(row["record_id"] for row in rows(services, "unread"))
        before = presences(services, ids)
        assert all(one.last_seen_at > one.observed_at for ones in before.values() for one in ones)
        again(services)
        after = presences(services, ids)
        for record_id in ids:
            (was,), (now,) = before[record_id], after[record_id]
            assert (was.series, now.state) == (Series.UNREAD, State.LIVE)
            assert now.series in (Series.OWN, Series.PUBLIC)
            assert now.version_id != was.version_id
            assert (now.last_seen_at, now.last_walk, now.listing) == (
                was.last_seen_at,
                was.last_walk,
                was.listing,
            )
            view = show(record_id, council=services.name, archive=services.archive)
            assert view.states[-1].version_id == now.version_id
        page = services.process.index.search(
            services.name, parse("notice platform:facebook"), order=Order.NEWEST, size=50
        )
        assert page.records == 5
        anew = SqlRegister.open(f"sqlite:///{tmp_path}/anew.db")
        anew.rebuild(
            services.name, services.archive.commit_no(), services.archive.scan(series=["observation"])
        )
        rebuilt = anew.known(services.name, ids)
        anew.close()
        assert {name: ones[0].version_id for name, ones in rebuilt.items()} == {
            name: ones[0].version_id for name, ones in after.items()
        }
        assert all(hit.version_id == after[hit.record_id][0].version_id for hit in page.hits)


def test_a_later_look_goes_before_what_was_read_again(tmp_path: Path) -> None:
    with drifted(tmp_path) as (stage, services):
        again(services)
        stage.fakes["facebook"].knobs.drift.clear()
        council = stage.world.accounts("facebook", owned=True)[0]
        services.clock.wait(HOUR)
        stage.world.edit(stage.world.posts_of(council)[0], "Bins on Friday")
        stage.world.sync()
        services.clock.wait(HOUR)
        archive(services)
        page = services.process.index.search(
            services.name, parse("friday platform:facebook"), order=Order.NEWEST, size=50
        )
        (hit,) = page.hits
        (standing,) = presences(services, [hit.record_id])[hit.record_id]
        assert standing.version_id == hit.version_id
        assert verdict(services).faults == ()


def test_a_record_found_under_another_name_is_tied_to_the_old_one_and_proved_with_it(tmp_path: Path) -> None:
    with drifted(tmp_path) as (_, services):
        unread = rows(services, "unread")
        old = unread[0]["record_id"]
        filed = again(services, rename=lambda name: f"{name}-found")
        assert filed.renamed == len(unread)
        register = services.process.register
        assert register.aliases_of(services.name, [old]) == {f"{old}-found"}
        assert register.aliases_of(services.name, [f"{old}-found"]) == {old}
        (found,) = presences(services, [f"{old}-found"])[f"{old}-found"]
        (left,) = presences(services, [old])[old]
        assert (found.state, found.listing != "", left.listing) == (State.LIVE, True, "")
        assert again(services, rename=lambda name: f"{name}-found").filed == 0
        for name in (old, f"{old}-found"):
            told = proof(
                name,
                council=services.name,
                archive=services.archive,
                seals=services.seals,
                public_key=services.process.seal_key.public,
                also_named=register.aliases_of(services.name, [name]),
            )
            path = tmp_path / "proof.json"
            path.write_text(json.dumps(told))
            done = subprocess.run(
                [sys.executable, "-I", muniment.check_proof.__file__, str(path)],
                check=False,
                capture_output=True,
                text=True,
                timeout=200,
            )
            assert (done.returncode, "PROVED" in done.stdout) == (0, True), done.stdout


def destroy(services: CouncilServices, record_id: str) -> None:
    """Let a record have been destroyed here before, under this name."""
    register, now = services.process.register, services.clock.now()
    register.add_run(a_run("earlier", council=services.name), items(record_id))
    register.open_intent(services.name, "earlier", items(record_id), commit_no=1, dropped={}, now=now)
    register.note_erasure(services.name, "earlier", commit_no=1, counts={})
    register.close_run(services.name, "earlier", b"certificate", number=1, now=now)


def test_an_exhibit_of_a_record_that_was_destroyed_under_its_own_name_is_erased_once_it_is_understood(
    tmp_path: Path,
) -> None:
    with drifted(tmp_path) as (_, services):
        unread = rows(services, "unread")
        old, *others = sorted(row["record_id"] for row in unread)
        name = f"{old}-found"
        destroy(services, name)
        filed = again(services, rename=lambda one: f"{one}-found")
        assert filed.destroyed == {old}
        assert filed.renamed == len(others)
        register = services.process.register
        assert register.aliases_of(services.name, [old]) == frozenset()
        assert register.mentions(services.name, [name]) == 0
        assert register.disposed(services.name, [old, name]) == {old, name}
        services.restored.erase_again(actor=SYSTEM, reason="read again")
        assert old not in {row["record_id"] for row in rows(services, *RECORD_SERIES, "observation")}
        assert register.mentions(services.name, [old]) == 0
        assert {row["record_id"] for row in rows(services)} >= set(others)
        assert verdict(services).faults == ()
        assert again(services, rename=lambda one: f"{one}-found").destroyed == frozenset()


def test_what_a_hold_keeps_of_a_destroyed_record_stays_unread(tmp_path: Path) -> None:
    with drifted(tmp_path) as (_, services):
        old = min(row["record_id"] for row in rows(services, "unread"))
        destroy(services, f"{old}-found")
        new = NewHold(
            kind=HoldKind.FOI,
            reference="FOI 1",
            reason="asked for",
            typed=None,
            case_id=None,
            placed_by="ann",
            review_on=services.retaining.today() + timedelta(days=90),
        )
        place(
            *(services.name, new, [old]),
            archive=services.archive,
            register=services.process.register,
            actor=Actor(name="ann", roles=frozenset({Role.RECORDS_OFFICER})),
            now=services.clock.now(),
        )
        assert again(services, rename=lambda one: f"{one}-found").destroyed == frozenset()
        assert services.process.register.disposed(services.name, [old]) == frozenset()
        assert old in {row["record_id"] for row in rows(services, "unread")}
