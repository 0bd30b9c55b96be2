import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from conformance.__main__ import main
from conformance.clock import Clock, iso
from conformance.item import Account, Item
from conformance.score import Score, score
from conformance.world import World

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Rig:
    """A world, what was served of it, and an archive's export that tests make wrong."""

    def __init__(self) -> None:
        self.world = World(Clock(START))
        self.council: Account = self.world.account("facebook", "northbeck", owned=True)
        self.served: list[dict[str, Any]] = []
        self.archive: list[dict[str, Any]] = []
        self.first_walk: dict[str, Any] = {}

    def post(self, text: str = "Bins on Monday") -> Item:
        item = self.world.post(self.council, text)
        self.world.sync()
        return item

    def comment(self, parent: Item, text: str = "Not mine") -> Item:
        item = self.world.comment(parent, text, author=self.council)
        self.world.sync()
        return item

    def serve(self, item: Item, **more: Any) -> None:
        told = {"at": self.now(), "item": item.key, "version": item.current.number, "shown": item.shown}
        self.served.append({**told, **more})

    def keep(self, item: Item, **more: Any) -> dict[str, Any]:
        line = {
            "line": "item",
            "platform": item.platform,
            "kind": item.kind,
            "native_id": item.ids[-1],
            "versions": [{"text": v.text, "captured_at": self.now()} for v in item.versions],
            "states": [],
            **more,
        }
        self.archive.append(line)
        return line

    def walk(self, stream: str = "posts", **more: Any) -> None:
        start = self.now()
        self.world.clock.wait(60)
        told = {"platform": "facebook", "account": "northbeck", "stream": stream, "outcome": "ended"}
        self.archive.append(
            {"line": "walk", **told, "started_at": start, "ended_at": self.now(), "whole": True, **more}
        )

    def now(self) -> str:
        return iso(self.world.now)

    def score(self) -> Score:
        return score([json.loads(line) for line in self.world.truth()], self.served, self.archive)


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_a_true_archive_meets_every_bar(rig: Rig) -> None:
    post = rig.post()
    rig.walk()
    rig.serve(post)
    rig.world.edit(post, "Bins on Tuesday")
    rig.world.sync()
    rig.serve(post)
    rig.keep(post)
    assert rig.score().missed(strict=True) == []


def test_what_was_served_to_anyone_must_be_held_whatever_the_archive_says(rig: Rig) -> None:
    post = rig.post()
    rig.serve(post)
    rig.archive.append(
        {
            "line": "short",
            "platform": "facebook",
            "account": "northbeck",
            "listing": "posts",
            "reason": "paged-out",
            "count": 1,
        }
    )
    result = rig.score()
    assert result.lacking == [post.key]
    assert "completeness" in result.missed()


def test_what_existed_throughout_a_whole_walk_must_be_held(rig: Rig) -> None:
    post = rig.post()
    rig.walk()
    assert rig.score().lacking == [post.key]


def test_a_walk_that_was_not_whole_promises_nothing(rig: Rig) -> None:
    rig.post()
    rig.walk(whole=False)
    assert rig.score().completeness.of == 0


def test_what_came_or_went_during_the_walk_is_not_asked_for(rig: Rig) -> None:
    start = rig.now()
    rig.world.delete(rig.post("went"))
    rig.post("came")
    rig.walk(started_at=start)
    assert rig.score().completeness.of == 0


def test_hidden_comments_and_those_under_hidden_ones_are_not_asked_for(rig: Rig) -> None:
    post = rig.post()
    comment = rig.comment(post)
    rig.comment(comment, "below")
    rig.world.hide(comment, "is_hidden")
    rig.walk("comments")
    assert rig.score().completeness.of == 0


def test_a_walk_is_held_only_to_what_it_asked_for(rig: Rig) -> None:
    old = rig.post("old")
    middle = rig.world.now + timedelta(seconds=1)
    new = rig.post("new")
    rig.comment(old)
    wanted = rig.comment(new)
    rig.walk(covers_from=iso(middle))
    rig.walk("comments", threads=[f"{rig.council.id}_{new.native_id}"])
    assert rig.score().lacking == sorted([new.key, wanted.key])


def test_a_reason_excuses_as_many_as_it_counts_in_its_own_list(rig: Rig) -> None:
    post = rig.post()
    rig.keep(post)
    for n in range(3):
        rig.comment(post, f"comment {n}")
    rig.walk("comments")
    short = {
        "line": "short",
        "platform": "facebook",
        "account": rig.council.id,
        "reason": "permission",
        "count": 2,
    }
    rig.archive.append({**short, "listing": "posts"})
    assert len(rig.score().lacking) == 3
    rig.archive.append({**short, "listing": post.native_id})
    assert len(rig.score().lacking) == 1


def test_gone_is_false_unless_the_platform_deleted_it(rig: Rig) -> None:
    post = rig.post()
    comment = rig.comment(post)
    rig.world.hide(comment, "is_hidden")
    rig.world.sync()
    rig.keep(comment, states=[{"state": "gone", "at": rig.now()}])
    assert rig.score().false_gone == [comment.key]
    rig.world.delete(post)
    rig.world.sync()
    rig.archive[-1]["states"] = [{"state": "gone", "at": rig.now()}]
    assert rig.score().false_gone == []


def test_missing_is_false_only_for_what_every_reader_could_see(rig: Rig) -> None:
    post = rig.post()
    line = rig.keep(post, states=[{"state": "missing", "at": rig.now()}])
    result = rig.score()
    assert (result.false_missing, result.false_gone) == ([post.key], [])
    assert "false missing" in result.missed()
    assert "false missing" not in result.missed(false_missing=1)
    rig.world.suspend(rig.council)
    rig.world.sync()
    line["states"][0]["at"] = rig.now()
    assert rig.score().false_missing == []


def test_every_version_that_was_served_must_be_held_with_its_text(rig: Rig) -> None:
    post = rig.post("first")
    rig.serve(post)
    for text in ("second", "third"):
        rig.world.edit(post, text)
        rig.world.sync()
    rig.serve(post)
    line = rig.keep(post)
    del line["versions"][1]
    assert rig.score().missed() == []
    del line["versions"][1]
    result = rig.score()
    assert result.missed() == ["served versions", "served edits"]
    assert (result.edits.part, result.edits.of) == (0, 1)


def test_texts_compare_as_visible_text_with_the_title(rig: Rig) -> None:
    post = rig.world.post(rig.council, "It's on  Monday & Friday", title="Bins")
    rig.world.sync()
    rig.serve(post)
    version = {"title": "Bins", "text": "<p>It\u2019s on Monday &amp; Friday</p>", "captured_at": rig.now()}
    rig.keep(post, versions=[version])
    assert rig.score().missed(strict=True) == []


def test_hidden_states_need_the_word_that_was_shown(rig: Rig) -> None:
    comment = rig.comment(rig.post())
    rig.world.hide(comment, "spam")
    rig.world.sync()
    rig.serve(comment)
    line = rig.keep(comment, states=[{"state": "hidden", "at": rig.now(), "word": "held"}])
    assert rig.score().missed(strict=True) == ["hidden states"]
    line["states"][0]["word"] = "spam"
    assert rig.score().missed(strict=True) == []


def test_duplicates_and_inventions_are_counted(rig: Rig) -> None:
    post = rig.post()
    rig.keep(post)
    rig.keep(post, native_id=post.ids[0])
    rig.keep(post, native_id="999")
    rig.keep(rig.post("second"), versions=[{"text": "never said", "captured_at": rig.now()}])
    result = rig.score()
    assert (result.duplicates, result.invented) == (1, 2)


def test_latency_counts_from_creation_for_what_came_after_the_first_walk(rig: Rig) -> None:
    rig.keep(rig.post("before"))
    rig.walk()
    post = rig.post("after")
    rig.world.clock.wait(900)
    rig.keep(post)
    result = rig.score()
    assert (result.latency_p50, result.latency_p95) == (900, 900)


@pytest.mark.parametrize(
    "name", ["northbeck", "@Northbeck", "northbeck@social.example", "http://127.0.0.1:1/facebook/northbeck/"]
)
def test_an_account_is_known_by_id_handle_or_address_and_an_unknown_one_is_an_error(
    rig: Rig, name: str
) -> None:
    post = rig.post()
    rig.walk(account=name)
    assert rig.score().lacking == [post.key]
    rig.walk(account="somebody-else")
    with pytest.raises(ValueError, match="no such account"):
        rig.score()


def test_deletions_told_are_counted_among_those_held(rig: Rig) -> None:
    told, untold = rig.post("told"), rig.post("untold")
    for item in (told, untold):
        rig.world.delete(item)
    rig.world.sync()
    rig.keep(told, states=[{"state": "missing", "at": rig.now()}])
    rig.keep(untold)
    assert str(rig.score().deletions_told) == "50.00 % (1 of 2)"


def write(path: Path, lines: list[Any]) -> str:
    path.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines))
    return str(path)


def test_the_command_prints_a_table_and_tells_a_missed_bar_by_its_exit_code(
    rig: Rig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    post = rig.post()
    rig.serve(post)
    rig.walk()

    def run() -> int:
        files: dict[str, list[Any]] = {
            "truth": list(rig.world.truth()),
            "served": rig.served,
            "archive": rig.archive,
        }
        told = [
            part for name, lines in files.items() for part in (f"--{name}", write(tmp_path / name, lines))
        ]
        return main(["score", *told])

    assert run() == 1
    assert "completeness              0.00 % (0 of 1)" in capsys.readouterr().out
    rig.keep(post)
    assert run() == 0
    out = capsys.readouterr().out
    assert "100.00 % (1 of 1)" in out
    assert "walks: ended" in out
    (tmp_path / "archive").write_text("{broken\n")
    assert (
        main(
            [
                "score",
                "--truth",
                str(tmp_path / "truth"),
                "--served",
                str(tmp_path / "served"),
                "--archive",
                str(tmp_path / "archive"),
            ]
        )
        == 2
    )
    assert "line 1" in capsys.readouterr().err
