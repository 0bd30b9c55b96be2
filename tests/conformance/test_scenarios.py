"""The scenarios are proved with a small honest archiver, and with careless ones that must fail."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from conformance.clock import iso
from conformance.item import Account
from conformance.scenario import Outcome, Scenario, Verdict, play
from conformance.scenarios import SCENARIOS, scenario
from conformance.server import Site
from tests.conformance.tiny import TinyFake, ask

CONFIRMED = 3
STOPS = {
    "expired": Outcome.NEEDS_AUTHORISATION,
    "revoked": Outcome.NEEDS_AUTHORISATION,
    "missing-permission": Outcome.NEEDS_PERMISSION,
    "suspended": Outcome.SUSPENDED,
    "quota-spent": Outcome.BUDGET_SPENT,
}
FITTING = [each for each in SCENARIOS if each.fits("tiny")]


class StoppedError(Exception):
    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome


@dataclass
class Record:
    kind: str
    native_id: str
    thread: str
    versions: list[dict[str, Any]] = field(default_factory=list)
    states: list[dict[str, Any]] = field(default_factory=list)
    absences: int = 0
    replies: int = 0


class Honest:
    """Reads every page of every list at every run; believes no absence before it has asked by id."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.site = site
        self.base = site.url_of("tiny")
        self.file = folder / "archive.jsonl"
        self.records: dict[str, Record] = {}
        self.unread: list[str] = []
        self.walks: list[dict[str, Any]] = []
        self.gap: dict[str, Any] | None = None
        self.gaps: list[dict[str, Any]] = []

    def archive(self, accounts: Sequence[Account]) -> int:
        return max(self.stream(account, "posts") or self.stream(account, "comments") for account in accounts)

    def export(self) -> Path:
        common = {"line": "item", "platform": "tiny"}
        items = [
            {**common, "kind": r.kind, "native_id": r.native_id, "versions": r.versions, "states": r.states}
            for r in self.records.values()
        ]
        unread = [
            {**common, "kind": "unread", "native_id": each, "versions": []} for each in set(self.unread)
        ]
        lines = [*items, *unread, *self.walks, *self.gaps]
        self.file.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
        return self.file

    def stream(self, account: Account, stream: str) -> int:
        told: dict[str, Any] = {"line": "walk", "platform": "tiny", "account": account.id, "stream": stream}
        told["started_at"] = self.now()
        try:
            if stream == "posts":
                self.listing(f"posts?account={account.id}", account, "post", account.id)
            else:
                for thread in [
                    r.native_id for r in self.records.values() if r.kind == "post" and self.is_due(r)
                ]:
                    self.listing(f"items/{thread}/replies?", account, "comment", thread)
            outcome = Outcome.ENDED
        except StoppedError as stop:
            outcome = stop.outcome
        whole = outcome is Outcome.ENDED
        self.walks.append({**told, "ended_at": self.now(), "whole": whole, "outcome": outcome})
        if not whole and self.gap is None:
            self.gap = {"line": "gap", "platform": "tiny", "account": account.id, "opened_at": self.now()}
            self.gaps.append(self.gap)
        elif whole and stream == "comments" and self.gap is not None:
            self.gap["closed_at"] = self.now()
            self.gap = None
        return 0 if whole else 1

    def listing(self, path: str, account: Account, kind: str, thread: str) -> None:
        seen: set[str] = set()
        tokens: set[str] = set()
        token: str | None = ""
        while token is not None:
            page = self.get(f"{path}&limit=100&token={token}")
            if page is None:
                return
            for item in page["items"]:
                self.keep(item, account, kind, thread)
                seen.add(str(item["id"]))
            token = page["next"]
            if token in tokens:
                raise StoppedError(Outcome.LOOPED)
            tokens.add(token or "")
        for record in list(self.records.values()):
            if record.kind == kind and record.thread == thread and record.native_id not in seen:
                self.absent(record, account)

    def keep(self, item: dict[str, Any], account: Account, kind: str, thread: str) -> None:
        if item["account"] != account.id:
            raise StoppedError(Outcome.WRONG_ACCOUNT)
        native_id = str(item["id"])
        if not isinstance(item.get("text"), str):
            self.unread.append(native_id)
            return
        record = self.records.setdefault(native_id, Record(kind, native_id, thread))
        if item["text"] not in [v["text"] for v in record.versions]:
            record.versions.append({"text": item["text"], "captured_at": self.now()})
        record.absences, record.replies = 0, item["replies"] or record.replies
        self.believe(record, "live")

    def absent(self, record: Record, account: Account) -> None:
        answer = self.get(f"items/{record.native_id}?")
        if answer is not None:
            self.keep(answer, account, record.kind, record.thread)
            return
        record.absences += 1
        self.believe(record, "gone" if record.absences >= CONFIRMED else "missing")

    def believe(self, record: Record, state: str) -> None:
        if not record.states or record.states[-1]["state"] != state:
            record.states.append({"state": state, "at": self.now()})

    def get(self, path: str) -> Any:
        """Return the answer, None when it says "not there"."""
        for _ in range(5):
            try:
                reply = ask(f"{self.base}/{path}", token="t", timeout=1.0)
            except TimeoutError:
                continue
            if not reply.headers.get("content-type", "").startswith("application/json"):
                raise StoppedError(Outcome.NOT_AN_API_REPLY)
            if reply.status in (200, 404):
                return reply.json if reply.status == 200 else None
            trouble = reply.json["error"]
            if trouble in STOPS:
                raise StoppedError(STOPS[trouble])
            if trouble == "rate-limited":
                ask(f"{self.site.url}/clock", body={"wait": int(reply.headers["retry-after"])})
        raise StoppedError(Outcome.RETRY_LATER)

    def now(self) -> str:
        return iso(self.site.world.now)

    @staticmethod
    def is_due(record: Record) -> bool:
        return bool(record.states[-1]["state"] == "live" and record.replies)


class TakesMissingForDeleted(Honest):
    @override
    def absent(self, record: Record, account: Account) -> None:
        self.believe(record, "gone")


class StopsAtTheFirstKnown(Honest):
    """Moves its cursor before the walk is whole."""

    @override
    def listing(self, path: str, account: Account, kind: str, thread: str) -> None:
        known = set(self.records)
        token: str | None = ""
        while token is not None:
            page = self.get(f"{path}&limit=200&token={token}") or {"items": [], "next": None}
            for item in page["items"]:
                if item["id"] in known:
                    return
                self.keep(item, account, kind, thread)
            token = page["next"]


class OverwritesVersions(Honest):
    @override
    def keep(self, item: dict[str, Any], account: Account, kind: str, thread: str) -> None:
        super().keep(item, account, kind, thread)
        self.records[item["id"]].versions = self.records[item["id"]].versions[-1:]


class TrustsAnyAnswer(Honest):
    @override
    def keep(self, item: dict[str, Any], account: Account, kind: str, thread: str) -> None:
        super().keep({**item, "account": account.id}, account, kind, thread)


class DropsWhatItCannotRead(Honest):
    @override
    def keep(self, item: dict[str, Any], account: Account, kind: str, thread: str) -> None:
        if isinstance(item.get("text"), str):
            super().keep(item, account, kind, thread)


def run(each: Scenario, archiver: type[Honest], folder: Path) -> Verdict:
    return play(each, "tiny", lambda site, _: archiver(site, folder), fake=TinyFake)


@pytest.mark.parametrize("each", FITTING, ids=[each.name for each in FITTING])
def test_an_honest_archiver_passes_every_scenario(each: Scenario, tmp_path: Path) -> None:
    assert run(each, Honest, tmp_path).problems == ()


@pytest.mark.parametrize(
    ("name", "archiver", "problem"),
    [
        ("posts-flap", TakesMissingForDeleted, "the bar of false gone is missed"),
        ("page-two-fails-the-whole-run", StopsAtTheFirstKnown, "205 posts are held, not 3200"),
        ("an-edit", OverwritesVersions, "the bar of served versions is missed"),
        ("the-wrong-account", TrustsAnyAnswer, "something is held that is none of the council's business"),
        ("the-text-field-is-retyped", DropsWhatItCannotRead, "0 items are kept unread, not 12"),
    ],
)
def test_a_careless_archiver_fails_where_the_field_failed(
    name: str, archiver: type[Honest], problem: str, tmp_path: Path
) -> None:
    assert problem in run(scenario(name), archiver, tmp_path).problems


def test_scenarios_have_names_of_their_own_and_say_what_must_be_recorded() -> None:
    assert len({each.name for each in SCENARIOS}) == len(SCENARIOS)
    assert all(each.lesson and each.expect.says for each in SCENARIOS)


@pytest.mark.parametrize("platform", ["x", "facebook", "bluesky", "mastodon", "wordpress", "feed"])
def test_every_platform_meets_at_least_twenty_scenarios(platform: str) -> None:
    assert sum(each.fits(platform) for each in SCENARIOS) >= 20
