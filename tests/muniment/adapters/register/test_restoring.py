"""A register beside a restored archive: stubs come from a file, presence goes back to what is held."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from muniment.adapters.sql.register import SqlRegister
from muniment.adapters.stub_keys import StubKeys
from muniment.domain.disposal_run import RunState
from muniment.domain.stub import StubKey
from schemas.capture import Cursor, Window
from schemas.errors import IntegrityError
from schemas.vocabulary import Stream
from tests.muniment.adapters.register.conftest import KEY
from tests.muniment.adapters.register.disposal_stage import RUN, a_run, intend, items
from tests.muniment.adapters.register.stage import MAIN, Stage, at

OTHER = StubKey.of(b"another key of stubs, 32 bytes..")


def certified(stage: Stage) -> None:
    intend(stage.register, ["x:1", "x:2"])
    stage.register.note_erasure("elm", RUN, commit_no=5, counts={"rows_public": 2})
    stage.register.close_run("elm", RUN, b"signed", number=1, now=at(3))


def test_stubs_and_certificates_go_to_a_register_that_was_made_before(
    stage: Stage, sqlite_template: Path, tmp_path: Path
) -> None:
    certified(stage)
    told = stage.register.stub_file("elm", now=at(4))
    older = SqlRegister.open(
        f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'older.sqlite')}", StubKeys(None, [OTHER, KEY])
    )
    try:
        older.enrol("elm", [MAIN], source_digest=b"d" * 32, now=at(0))
        older.add_run(a_run(state=RunState.WAITING), items("x:1", "x:2"))
        assert older.take_stubs(told) == 2
        assert older.take_stubs(told) == 0
        assert older.disposed("elm", ["x:1", "x:2", "x:3"]) == {"x:1", "x:2"}
        assert older.stub("elm", "x:1") == stage.register.stub("elm", "x:1")
        assert older.disposal_run("elm", RUN) == stage.register.disposal_run("elm", RUN)
        assert older.certificate("elm", RUN) == b"signed"
        assert not len(older.run_items("elm", RUN))
        assert older.next_certificate("elm") == 2
        assert older.shut("elm", archive_commit=2) == 6
    finally:
        older.close()


def test_stubs_whose_key_is_missing_are_not_taken(stage: Stage) -> None:
    certified(stage)
    told = stage.register.stub_file("elm", now=at(4))
    foreign = replace(told, stubs=[replace(one, key_id=OTHER.key_id) for one in told.stubs], council="oak")
    with pytest.raises(IntegrityError, match="missing"):
        stage.register.take_stubs(foreign)
    assert not stage.register.stub_counts("oak")


def test_a_number_is_never_used_again(stage: Stage) -> None:
    stage.whole(["x:1"], hours=0)
    known = stage.register.watermark("elm")
    first = stage.register.shut("elm", archive_commit=0)
    assert first > known
    assert stage.register.watermark("elm") > first
    assert stage.register.shut("elm", archive_commit=0) > first
    assert stage.register.shut("elm", archive_commit=90) == 91


def test_streams_go_back_to_what_the_archive_holds(stage: Stage) -> None:
    stage.whole(["x:1"], hours=0)
    stage.whole(["x:1", "x:2"], hours=5, signpost=Cursor(native_id="2", at=at(5)))
    stage.whole([], hours=6, ask=Window(start=at(-90), end=at(-80)))
    assert stage.register.windows_done("elm", MAIN.account, Stream.POSTS)

    number = stage.register.shut("elm", archive_commit=1)
    stage.register.reopen("elm", number, stage.batches()[:1], step_back=True)

    assert stage.register.watermark("elm") == number
    assert set(stage.register.known("elm", ["x:1", "x:2"])) == {"x:1"}
    assert stage.register.cursor("elm", MAIN.account, Stream.POSTS) == Cursor(native_id=None, at=at(0))
    assert not stage.register.windows_done("elm", MAIN.account, Stream.POSTS)
    assert stage.register.last_whole("elm", MAIN.account, Stream.POSTS) is None


def test_streams_stay_where_no_commit_was_lost(stage: Stage) -> None:
    stage.whole(["x:1"], hours=0)
    before = stage.register.last_whole("elm", MAIN.account, Stream.POSTS)
    number = stage.register.shut("elm", archive_commit=1)
    stage.register.reopen("elm", number, stage.batches(), step_back=False)
    assert before is not None
    assert stage.register.last_whole("elm", MAIN.account, Stream.POSTS) == before
