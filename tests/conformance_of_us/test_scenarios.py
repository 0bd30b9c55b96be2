"""The product against the conformance kit: the failures of the field that must never be a silent success.

`make conformance` plays every scenario on every platform; here is one of each kind.
"""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from bench.conformance import play_one
from bench.product import Product, about_of
from conformance.platforms import PLATFORMS, fake_class
from conformance.scenario import play
from conformance.scenarios import scenario
from conformance.server import serve
from conformance.world import World
from connectors import registry

ONE_OF_EACH = [
    ("nothing-goes-wrong", "mastodon"),
    ("the-token-loops", "facebook"),
    ("an-item-vanishes-in-mid-walk", "wordpress"),
    ("edited-and-edited-back", "feed"),
    ("a-deletion-confirmed", "x"),
    ("hidden-and-shown-again", "wordpress"),
    ("the-token-dies-in-mid-run", "facebook"),
    ("a-permission-is-missing", "x"),
    ("a-login-page-in-mid-run", "mastodon"),
    ("suspended-and-restored", "facebook"),
    ("the-wrong-account", "x"),
    ("the-text-field-is-renamed", "mastodon"),
    ("the-text-field-is-retyped", "facebook"),
    ("media-lead-to-a-private-address", "feed"),
]


def test_every_platform_of_ours_has_a_fake_to_be_scored_against() -> None:
    assert {*registry.PLATFORMS, "short"} == set(PLATFORMS)


@pytest.mark.parametrize(("name", "platform"), ONE_OF_EACH)
def test_each_failure_ends_in_the_state_that_must_be_recorded(name: str, platform: str) -> None:
    assert play_one(name, platform).problems == ()


def test_a_walk_that_fails_on_its_second_page_and_is_retried_keeps_everything(tmp_path: Path) -> None:
    whole = scenario("page-two-fails-once")
    smaller = replace(whole, cast=replace(whole.cast, posts=320), expect=replace(whole.expect, held=320))
    verdict = play(smaller, "x", lambda site, accounts: Product(tmp_path, about_of(site, accounts)))
    assert verdict.problems == ()
    assert verdict.score.completeness.part == 320


def test_the_export_says_why_we_could_not_see_and_what_we_could_not_read(tmp_path: Path) -> None:
    world = World()
    fake = fake_class("facebook")(world)
    council = world.account("facebook", "northbeck", "Northbeck Council", owned=True)
    world.post(council, "Bins on Monday")
    world.sync()
    with serve(world, [fake]) as site:
        product = Product(tmp_path, about_of(site, [council]))
        fake.knobs.drift.extend(fake.drifts("retyped"))
        assert product.archive() == 0
        fake.knobs.login_wall_from = 1
        world.clock.wait(3600)
        assert product.archive() != 0
        lines = [json.loads(line) for line in product.export().read_text().splitlines()]
    unread = [line for line in lines if line["line"] == "item"]
    assert [(line["kind"], line["versions"]) for line in unread] == [("unread", [])]
    walks = {line["outcome"] for line in lines if line["line"] == "walk"}
    gaps = {(line["reason"], line["closed_at"]) for line in lines if line["line"] == "gap"}
    assert (walks, gaps) == ({"ended", "not-an-api-reply"}, {("not-an-api-reply", None)})


def test_a_late_comment_under_an_old_post_of_a_site_is_found_at_the_next_run(tmp_path: Path) -> None:
    world = World()
    fake = fake_class("wordpress")(world)
    council = world.account("wordpress", "northbeck", "Northbeck Council", owned=True)
    resident = world.account("wordpress", "ann", "Ann")
    post = world.post(council, "Bins on Monday")
    world.clock.wait(400 * 86_400)
    world.sync()
    with serve(world, [fake]) as site:
        product = Product(tmp_path, about_of(site, [council]))
        assert product.archive() == 0
        world.clock.wait(900)
        world.comment(post, "Still not collected", author=resident)
        world.sync()
        world.clock.wait(900)
        assert product.archive() == 0
        lines = [json.loads(line) for line in product.export().read_text().splitlines()]
    kinds = sorted(line["kind"] for line in lines if line["line"] == "item")
    assert kinds == ["comment", "post"]


def test_a_late_comment_under_an_entry_that_left_its_feed_is_found_by_age(tmp_path: Path) -> None:
    world = World()
    fake = fake_class("feed")(world)
    council = world.account("feed", "northbeck", "Northbeck Council", owned=True)
    resident = world.account("feed", "ann", "Ann")
    quiet, lively = world.post(council, "Bins on Monday"), world.post(council, "Roadworks on Friday")
    world.comment(lively, "Which road?", author=resident)
    world.sync()
    with serve(world, [fake]) as site:
        product = Product(tmp_path, about_of(site, [council]))
        assert product.archive() == 0
        for number in range(3):
            world.post(council, f"News {number}")
        fake.knobs.stop_after = 3  # the newest three are all that the feed lists
        for post in (quiet, lively):
            world.comment(post, f"Late: {post.text}", author=resident)
        world.sync()
        calls = []
        for _ in range(4):
            world.clock.wait(90_000)  # an hour beyond a day, however slow the run before was
            world.sync()
            before = fake.journal.calls["GET /{post}/feed/"]
            assert product.archive() == 0
            calls.append(fake.journal.calls["GET /{post}/feed/"] - before)
        lines = [json.loads(line) for line in product.export().read_text().splitlines()]
    texts = {line["versions"][0]["text"] for line in lines if line["line"] == "item"}
    assert {"Late: Bins on Monday", "Late: Roadworks on Friday"} <= texts
    assert calls[-1] == 2  # a day apart, each of the two that are listed no more: as old as a month, daily


@pytest.mark.parametrize("platform", registry.PLATFORMS)
def test_an_account_that_falls_silent_though_posts_are_expected_is_an_alarm_on_every_platform(
    tmp_path: Path, platform: str
) -> None:
    world = World()
    council = world.account(platform, "northbeck", "Northbeck Council", owned=True)
    world.post(council, "Bins on Monday")
    world.sync()
    with serve(world, [fake_class(platform)(world)]) as site:
        product = Product(tmp_path, about_of(site, [council]))
        (file,) = (tmp_path / "councils").glob("*.yml")
        told = yaml.safe_load(file.read_text())
        told["accounts"][0]["expected_per_week"] = 7
        file.write_text(yaml.safe_dump(told))
        assert product.archive() == 0
        assert "nothing new for" not in product.said
        world.clock.wait(8 * 86_400)
        assert product.archive() == 0
    assert "nothing new for 8 days, though the register expects 7 a week" in product.said
