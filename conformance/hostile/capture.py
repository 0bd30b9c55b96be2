"""Lists that fail, loop, overlap, end early or come late, and nothing that goes wrong."""

from __future__ import annotations

from conformance.hostile import acts
from conformance.scenario import (
    Archive,
    Cast,
    Do,
    Exit,
    Expected,
    Gap,
    Outcome,
    Scenario,
    Turn,
    Wait,
)

__all__ = ["CAPTURE"]

NO_REPLIES = frozenset({"feed"})

CAPTURE = (
    Scenario(
        name="nothing-goes-wrong",
        lesson="all depths, pictures and links, at the first run; a second run finds nothing new",
        steps=(Archive(), Wait(0.5), Archive()),
        expect=Expected(says="everything held, no gap, no deletion", gap=Gap.NONE, held=12),
    ),
    Scenario(
        name="page-two-fails-once",
        lesson="sfm-ui: 200 of 3,200 kept when page 2 of 16 failed and the retry began at the newest id",
        cast=Cast(posts=3200, comments=False, media=False),
        steps=(Turn({"fail_page": 2, "fail_times": 1}), Archive(Exit.EITHER), Wait(1), Archive()),
        expect=Expected(says="3,200 of 3,200 held", held=3200),
        without=frozenset({"feed"}),
    ),
    Scenario(
        name="page-two-fails-the-whole-run",
        lesson="the same, but no retry within the run helps; new posts arrive before the next run",
        cast=Cast(posts=3195, comments=False, media=False),
        steps=(
            Turn({"fail_page": 2, "fail_times": 1000}),
            Archive(Exit.TOLD),
            Turn(),
            Do(acts.more),
            Wait(1),
            Archive(),
        ),
        expect=Expected(
            says="the first run ends as retry-later, the second holds 3,200 of 3,200",
            outcomes=frozenset({Outcome.RETRY_LATER}),
            held=3200,
        ),
        without=frozenset({"feed"}),
    ),
    Scenario(
        name="pages-of-one",
        lesson="a platform may cap the page size at anything",
        steps=(Turn({"page_size": 1}), Archive()),
        expect=Expected(says="everything held", held=12),
    ),
    Scenario(
        name="an-empty-page-with-a-next-one",
        lesson="X, Graph and Bluesky may send an empty page that has a next token",
        steps=(Turn({"page_size": 3, "empty_page": 2}), Archive()),
        expect=Expected(says="everything held", held=12),
    ),
    Scenario(
        name="the-end-of-a-page-comes-again",
        lesson="pages overlap while posts arrive; retries repeat",
        steps=(Turn({"page_size": 3, "repeat_at_seam": 2}), Archive()),
        expect=Expected(says="everything held once", held=12),
    ),
    Scenario(
        name="replies-are-truncated",
        lesson="YouTube, Graph and Mastodon embed a few replies and count more; yt-dlp#15303",
        steps=(Turn({"inline_replies": 1}), Archive()),
        expect=Expected(says="every reply held, at every depth", held=12),
        without=NO_REPLIES,
    ),
    Scenario(
        name="an-item-vanishes-in-mid-walk",
        lesson="with offsets, a deletion after page 1 makes a neighbour slip through",
        steps=(Do(acts.vanish), Archive(Exit.EITHER), Turn(), Wait(25), Archive(), Wait(25), Archive()),
        expect=Expected(says="the neighbour is found by the next look, never gone", false_missing=1),
    ),
    Scenario(
        name="the-token-loops",
        lesson="Meltano raises on a repeated token: otherwise a walk never ends",
        steps=(Turn({"page_size": 3, "loop_after": 2}), Archive(Exit.TOLD)),
        expect=Expected(
            says="the walk ends as looped, what was seen is held, no deletion",
            outcomes=frozenset({Outcome.LOOPED}),
        ),
        without=frozenset({"feed", "wordpress"}),
    ),
    Scenario(
        name="the-list-ends-early",
        lesson="X's 3,200, Bluesky's 10,000, Graph's filter: lists end without an error; twarc#184",
        steps=(
            Archive(),
            Turn({"stop_after": 5}),
            Wait(25),
            Archive(Exit.EITHER),
            Wait(25),
            Archive(Exit.EITHER),
        ),
        expect=Expected(says="what is no longer listed is never gone", false_missing=32),
    ),
    Scenario(
        name="posts-flap",
        lesson="hydrator#47: 54 % deleted, a month later 10 %",
        steps=(
            Do(acts.all_live),
            Archive(),
            Turn({"stop_after": 4}),
            Wait(25),
            Archive(Exit.EITHER),
            Turn(),
            Wait(25),
            Archive(),
            Turn({"stop_after": 6}),
            Wait(25),
            Archive(Exit.EITHER),
            Turn(),
            Wait(25),
            Archive(),
        ),
        expect=Expected(says="all live in the end, none ever gone", false_missing=32, held=12),
    ),
    Scenario(
        name="a-slow-body",
        lesson="a body that does not come is asked for again",
        steps=(Turn({"slow": 2.0, "slow_times": 1}), Archive(Exit.EITHER), Wait(1), Archive()),
        expect=Expected(says="everything held", held=12),
    ),
    Scenario(
        name="bodies-are-compressed",
        lesson="the bytes that count are those after decompression",
        steps=(Turn({"gzip": True}), Archive()),
        expect=Expected(says="everything held", held=12),
    ),
    Scenario(
        name="a-quiet-account",
        lesson="Cannock Chase: 'no regular postings' is silence, not failure",
        cast=Cast(posts=0, comments=False),
        steps=(Archive(), Wait(0.5), Archive(), Wait(0.5), Archive()),
        expect=Expected(says="nothing held, no gap", gap=Gap.NONE),
    ),
    Scenario(
        name="partial-success",
        lesson="X mixes data and errors in one reply, Flickr fails with 200",
        steps=(Archive(), Do(acts.refuse_one), Wait(25), Archive(Exit.EITHER)),
        expect=Expected(says="both are read; the refused one is not gone"),
        only=frozenset({"x"}),
    ),
)
