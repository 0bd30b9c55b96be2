import json
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from conformance.borough import ACCOUNTS
from conformance.item import COMMENT, Item
from conformance.sandbox import START, STEPS, Sandbox, build
from conformance.server import serve
from tests.conformance.tiny import TinyFake, ask


@pytest.fixture(scope="module")
def first() -> Sandbox:
    """Return the whole council as the first archive meets it; tests leave its clock alone."""
    return build()


@pytest.fixture
def small() -> Sandbox:
    return build(seed=7, posts=400)


def depth(item: Item) -> int:
    return 0 if item.parent is None else 1 + depth(item.parent)


def test_the_council_has_about_forty_accounts_of_every_kind_on_all_platforms(first: Sandbox) -> None:
    assert len(first.accounts) == len(ACCOUNTS) == 40
    assert {told.platform for told in ACCOUNTS} == {
        "x",
        "facebook",
        "bluesky",
        "mastodon",
        "wordpress",
        "feed",
    }
    kinds = {told.kind for told in ACCOUNTS}
    assert kinds == {"corporate", "departmental", "campaign", "partnership", "shared", "member"}
    assert all(told.partner for told in ACCOUNTS if told.kind == "shared")


def test_it_holds_about_twenty_thousand_items_of_several_years_at_several_depths(first: Sandbox) -> None:
    items = list(first.world.items())
    assert 18_000 < len(items) < 23_000
    assert min(i.created_at for i in items) < START - timedelta(days=3 * 365)
    depths = Counter(depth(i) for i in items)
    assert all(depths[n] > 100 for n in range(4))
    assert sum(i.current.language == "cy" for i in items) > 500
    assert sum(bool(i.current.media) for i in items) > 300
    assert any(i.current.links for i in items)


def test_moderation_has_the_word_of_each_platform(first: Sandbox) -> None:
    words = {(i.platform, i.shown) for i in first.world.items()}
    assert {("facebook", "is_hidden"), ("wordpress", "held"), ("wordpress", "spam"), ("x", "hidden")} <= words


def test_texts_fit_their_platform_and_leave_no_slot_open(first: Sandbox) -> None:
    most = {"x": 280, "bluesky": 300, "mastodon": 500}
    for item in first.world.items():
        for version in item.versions:
            assert len(version.text) <= most.get(item.platform, 10_000)
            assert "{" not in version.text
            assert version.text.strip()


def test_nobody_answers_before_what_is_answered(first: Sandbox) -> None:
    assert all(i.parent is None or i.created_at > i.parent.created_at for i in first.world.items())


def test_the_same_seed_gives_the_same_truth_and_another_another() -> None:
    def truth(seed: int) -> list[str]:
        sandbox = build(seed, posts=150)
        sandbox.world.clock.to(STEPS[-1].at)
        return list(sandbox.world.truth())

    assert truth(3) == truth(3)
    assert truth(3) != truth(4)


def test_each_of_four_steps_over_three_days_brings_posts_comments_edits_hides_and_deletions(
    small: Sandbox,
) -> None:
    world = small.world
    assert len(STEPS) == 4
    assert STEPS[-1].at - START == timedelta(days=3)
    for step in STEPS:
        before = len(world.log())
        world.clock.to(step.at)
        acts = Counter(line["act"] for line in world.log()[before:])
        assert acts["create"] > 20
        assert all(acts[act] > 0 for act in ("edit", "show", "delete"))


def test_after_the_first_archive_there_are_late_comments_renames_and_texts_that_come_back(
    small: Sandbox,
) -> None:
    world = small.world
    world.clock.to(STEPS[-1].at)
    since = [line for line in world.log() if line["at"] > "2026-03-02T09:00:00.000Z"]
    late = [world.item(line["item"]) for line in since if line["act"] == "create" and line["kind"] == COMMENT]
    assert any(i.root.created_at < START - timedelta(days=365) for i in late)
    assert sum(line["act"] == "rename" for line in since) == 2
    assert any(len(i.versions) == 3 and i.versions[0].text == i.versions[2].text for i in world.items())


@pytest.fixture
def about(small: Sandbox) -> Iterator[Any]:
    with serve(small.world, [TinyFake(small.world, name="facebook")]) as site:
        site.about = small.about(site)
        yield ask(f"{site.url}/control/about").json


def test_all_that_a_register_needs_is_told_over_http(about: Any) -> None:
    assert len(about["accounts"]) == 40
    assert [step["to"] for step in about["steps"]][-1] == "2026-03-05T09:00:00.000Z"
    page = next(a for a in about["accounts"] if a["handle"] == "CaerwoldCouncil")
    assert page["address"].endswith("/facebook")
    assert page["token"] == f"sandbox-{page['id']}"
    assert json.dumps(about)
