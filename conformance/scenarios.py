"""The named hostile scenarios: one for each failure of the field and each switch of a fake, as data.

`conformance.scenario.play` runs one. Evidence is named as `repository#issue`, or as what a platform does.
"""

from __future__ import annotations

from conformance.item import Media
from conformance.scenario import (
    Archive,
    Cast,
    Do,
    Exit,
    Expected,
    Gap,
    Outcome,
    Scenario,
    Stage,
    Turn,
    Wait,
)

__all__ = ["SCENARIOS", "scenario"]

PRIVATE = "http://169.254.169.254/latest/meta-data/"
TEN_GB = 10 * 1000**3
REPLIES = {
    "x": "conversation_id",
    "facebook": "comments",
    "bluesky": "getPostThread",
    "mastodon": "context",
    "wordpress": "comments",
}
NO_REPLIES = frozenset({"feed"})
NO_CREDENTIAL = frozenset({"feed"})
HIDES = frozenset({"facebook", "wordpress", "bluesky"})
GONE = ("gone",)
ABSENT = ("missing", "gone")


def _edit(stage: Stage, *texts: str) -> None:
    for text in texts:
        stage.world.edit(stage.posts[-1], text)


def _hide(stage: Stage) -> None:
    stage.world.hide(stage.comments[0], stage.hidden_word)
    stage.final[stage.comments[0].key] = ("hidden",)


def _unhide(stage: Stage) -> None:
    stage.world.unhide(stage.comments[0])
    stage.final[stage.comments[0].key] = ("live",)


def _delete(stage: Stage, wanted: tuple[str, ...]) -> None:
    for item in (stage.posts[3], stage.comments[-1]):
        stage.delete(item)
        stage.final[item.key] = wanted


def _vanish(stage: Stage) -> None:
    stage.fake.knobs.vanish = stage.posts[-1].native_id
    stage.fake.knobs.offset_paging = True
    stage.fake.knobs.page_size = 3


def _late(stage: Stage) -> None:
    stage.world.comment(stage.posts[-2], "Only now have I seen this", author=stage.resident)
    stage.world.comment(stage.comments[2], "And that?", author=stage.council)


def _backdate(stage: Stage) -> None:
    before = stage.posts[-3].created_at
    stage.world.post(stage.council, "Posted now, dated before", created_at=before)


def _rename(stage: Stage) -> None:
    stage.world.rename(stage.council, handle="northbeck-council", name="Northbeck Borough Council")
    stage.world.post(stage.council, "We have a new name")


def _suspend(stage: Stage, *, suspended: bool) -> None:
    stage.world.suspend(stage.council, suspended=suspended)


def _wrong_account(stage: Stage) -> None:
    owner = stage.world.account(stage.platform, "credential-owner", "Somebody Else")
    stage.never.append(stage.world.post(owner, "A private person's post"))
    stage.world.sync()
    stage.fake.knobs.wrong_account = owner.id


def _all_live(stage: Stage) -> None:
    stage.final |= {item.key: ("live",) for item in stage.posts}


def _refuse_one(stage: Stage) -> None:
    stage.fake.knobs.refused_ids = {stage.posts[2].native_id}


def _picture(stage: Stage) -> None:
    stage.world.post(stage.council, "A new picture", media=[Media(id="fresh", alt="Fresh")])


def _more(stage: Stage) -> None:
    for n in range(5):
        stage.posts.append(stage.world.post(stage.council, f"Later notice {n}"))


def _no_permission(stage: Stage) -> None:
    stage.fake.knobs.bad_token_match = REPLIES.get(stage.platform, "comments")


_CAPTURE = (
    Scenario(
        name="nothing-goes-wrong",
        lesson="all depths, pictures and links, at the first run; a second run finds nothing new",
        steps=(Archive(), Wait(1), Archive()),
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
            Do(_more),
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
        steps=(Do(_vanish), Archive(Exit.EITHER), Turn(), Wait(25), Archive(), Wait(25), Archive()),
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
            Do(_all_live),
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
        steps=(Archive(), Wait(25), Archive()),
        expect=Expected(says="nothing held, no gap", gap=Gap.NONE),
    ),
    Scenario(
        name="partial-success",
        lesson="X mixes data and errors in one reply, Flickr fails with 200",
        steps=(Archive(), Do(_refuse_one), Wait(25), Archive(Exit.EITHER)),
        expect=Expected(says="both are read; the refused one is not gone"),
        only=frozenset({"x"}),
    ),
)

_CHANGE = (
    Scenario(
        name="an-edit",
        lesson="ArchiveBox#179: versions over time, never one overwritten copy",
        steps=(Archive(), Wait(1), Do(lambda s: _edit(s, "Corrected notice")), Wait(1), Archive()),
        expect=Expected(says="two versions"),
    ),
    Scenario(
        name="two-edits-between-runs",
        lesson="where the platform keeps a history (X, Mastodon, WordPress), each entry is a version",
        steps=(Archive(), Wait(1), Do(lambda s: _edit(s, "Second", "Third")), Wait(1), Archive()),
        expect=Expected(says="every version that was served"),
    ),
    Scenario(
        name="edited-and-edited-back",
        lesson="A, B, A: the first text comes back, and both are kept",
        steps=(
            Archive(),
            Wait(1),
            Do(lambda s: _edit(s, "Wrong")),
            Wait(1),
            Archive(),
            Do(lambda s: _edit(s, s.posts[-1].versions[0].text)),
            Wait(1),
            Archive(),
        ),
        expect=Expected(says="two versions, the first current"),
    ),
    Scenario(
        name="a-deletion",
        lesson="hydrator#31: absent once is missing, not deleted",
        steps=(Archive(), Wait(1), Do(lambda s: _delete(s, ABSENT)), Wait(25), Archive()),
        expect=Expected(says="missing, its versions kept"),
        without=NO_REPLIES,
    ),
    Scenario(
        name="a-deletion-confirmed",
        lesson="gone by id, several absences apart in time, a control record seen",
        steps=(
            Archive(),
            Wait(1),
            Do(lambda s: _delete(s, GONE)),
            *(step for _ in range(5) for step in (Wait(25), Archive())),
        ),
        expect=Expected(says="gone, its versions kept"),
        without=NO_REPLIES,
    ),
    Scenario(
        name="hidden-and-shown-again",
        lesson="hidden only on the platform's word; a return is shown as restored",
        steps=(Archive(), Wait(1), Do(_hide), Wait(25), Archive(), Do(_unhide), Wait(25), Archive()),
        expect=Expected(says="hidden with the platform's word, then live; no deletion"),
        only=HIDES,
    ),
    Scenario(
        name="a-comment-is-hidden",
        lesson="a hidden comment is another fact than a deleted one",
        steps=(Archive(), Wait(1), Do(_hide), Wait(25), Archive()),
        expect=Expected(says="hidden with the platform's word"),
        only=HIDES,
    ),
    Scenario(
        name="a-late-comment",
        lesson="a comment on an old post does not lift the post",
        steps=(Archive(), Wait(30), Do(_late), Wait(25), Archive()),
        expect=Expected(says="found by looking back"),
        without=NO_REPLIES,
    ),
    Scenario(
        name="a-post-below-the-high-water-mark",
        lesson="dlt#2269: late rows below the cursor are lost",
        steps=(Archive(), Do(_backdate), Wait(1), Archive(), Wait(25), Archive()),
        expect=Expected(says="found by the overlap or by looking back", held=13),
        only=frozenset({"facebook", "bluesky", "wordpress"}),
    ),
    Scenario(
        name="a-rename",
        lesson="handles change, ids do not",
        steps=(Archive(), Wait(1), Do(_rename), Wait(25), Archive()),
        expect=Expected(says="one account, no deletion, the new post held", held=13),
        without=frozenset({"wordpress", "feed"}),
    ),
)

_REFUSAL = (
    Scenario(
        name="rate-limited",
        lesson="mastodon-archive#108; Graph 4 and 17 come as 400",
        steps=(
            Turn({"faults": [{"trouble": "rate-limited", "skip": 1, "times": 2}]}),
            Archive(Exit.EITHER),
            Wait(1),
            Archive(),
        ),
        expect=Expected(says="waits as told, loses nothing", held=12),
    ),
    Scenario(
        name="rate-limited-by-a-fast-clock",
        lesson="the platform's clock is an hour ahead: an absolute reset must be read by its Date",
        steps=(
            Turn({"clock_skew": 3600, "faults": [{"trouble": "rate-limited", "skip": 1}]}),
            Archive(Exit.EITHER),
            Wait(1),
            Archive(),
        ),
        expect=Expected(says="loses nothing", held=12),
    ),
    Scenario(
        name="rate-limited-by-a-slow-clock",
        lesson="an absolute reset that seems past already",
        steps=(
            Turn({"clock_skew": -3600, "faults": [{"trouble": "rate-limited", "skip": 1}]}),
            Archive(Exit.EITHER),
            Wait(1),
            Archive(),
        ),
        expect=Expected(says="loses nothing", held=12),
    ),
    Scenario(
        name="the-quota-is-spent",
        lesson="stop for the day, tell, and go on when it is lifted",
        steps=(
            Turn({"page_size": 3, "faults": [{"trouble": "quota-spent", "skip": 2, "times": 1000}]}),
            Archive(Exit.TOLD),
            Turn(),
            Wait(25),
            Archive(),
        ),
        expect=Expected(
            says="the walk ends as budget-spent and is finished later",
            outcomes=frozenset({Outcome.BUDGET_SPENT}),
            held=12,
        ),
        only=frozenset({"x"}),
    ),
    Scenario(
        name="the-token-dies-in-mid-run",
        lesson="browsertrix#3199: pause and tell, don't lose",
        steps=(
            Turn({"page_size": 3, "bad_token": "expired", "bad_token_from": 4}),
            Archive(Exit.TOLD),
            Wait(1),
            Archive(Exit.TOLD),
        ),
        expect=Expected(
            says="ends as needs-authorisation, gap open, 0 deletions",
            outcomes=frozenset({Outcome.NEEDS_AUTHORISATION}),
            gap=Gap.OPEN,
        ),
        without=NO_CREDENTIAL,
    ),
    Scenario(
        name="the-token-is-renewed",
        lesson="a gap is closed by a walk that covers it",
        steps=(
            Archive(),
            Turn({"bad_token": "revoked"}),
            Wait(25),
            Archive(Exit.TOLD),
            Do(_more),
            Turn(),
            Wait(25),
            Archive(),
        ),
        expect=Expected(
            says="needs-authorisation, then whole: gap closed, what was missed is held",
            outcomes=frozenset({Outcome.NEEDS_AUTHORISATION}),
            gap=Gap.CLOSED,
            held=17,
        ),
        without=NO_CREDENTIAL,
    ),
    Scenario(
        name="a-permission-is-missing",
        lesson="twarc#656: one refusal ends a long run; here one stream is refused, the other goes on",
        steps=(Do(_no_permission), Turn({"bad_token": "missing-permission"}), Archive(Exit.TOLD)),
        expect=Expected(
            says="the comments end as needs-permission with a gap, the posts are held",
            outcomes=frozenset({Outcome.NEEDS_PERMISSION}),
            gap=Gap.OPEN,
            held=12,
        ),
        only=frozenset({"facebook", "x"}),
    ),
    Scenario(
        name="a-login-page-with-200",
        lesson="an auth wall answers 200: success that isn't",
        steps=(Turn({"login_wall_from": 1}), Archive(Exit.TOLD)),
        expect=Expected(
            says="ends as not-an-api-reply, nothing held, gap open",
            outcomes=frozenset({Outcome.NOT_AN_API_REPLY}),
            gap=Gap.OPEN,
        ),
    ),
    Scenario(
        name="a-login-page-in-mid-run",
        lesson="the same after some good pages: they stay, nothing is missing",
        steps=(
            Turn({"page_size": 3, "login_wall_from": 4}),
            Archive(Exit.TOLD),
            Turn(),
            Wait(1),
            Archive(),
        ),
        expect=Expected(
            says="not-an-api-reply, then whole: everything held, no deletion",
            outcomes=frozenset({Outcome.NOT_AN_API_REPLY}),
            held=12,
        ),
    ),
    Scenario(
        name="suspended-and-restored",
        lesson="suspended or protected accounts make records missing at most, never gone",
        steps=(
            Archive(),
            Do(lambda s: _suspend(s, suspended=True)),
            *(step for _ in range(4) for step in (Wait(25), Archive(Exit.EITHER))),
            Do(lambda s: _suspend(s, suspended=False)),
            Wait(25),
            Archive(),
        ),
        expect=Expected(says="no deletion, a gap for the time, all live in the end", held=12),
        without=frozenset({"wordpress", "feed"}),
    ),
    Scenario(
        name="the-wrong-account",
        lesson="sfm-ui#448: a bad id archived the credential owner's posts, status Success",
        steps=(Do(_wrong_account), Archive(Exit.TOLD)),
        expect=Expected(
            says="ends as wrong-account, and nothing of the other account is held",
            outcomes=frozenset({Outcome.WRONG_ACCOUNT}),
            may_miss=frozenset({"completeness", "served versions"}),
        ),
        without=frozenset({"wordpress", "feed"}),
    ),
)

_SHAPE = (
    Scenario(
        name="a-new-field",
        lesson="4cat#498, #599, #606, #625: platforms change their replies without a word",
        steps=(
            Archive(),
            Do(lambda s: s.fake.knobs.drift.extend(s.fake.drifts("added"))),
            Wait(25),
            Archive(),
        ),
        expect=Expected(says="no new version, nothing lost", held=12),
        without=frozenset({"feed"}),
    ),
    Scenario(
        name="the-text-field-is-renamed",
        lesson="X renamed its fields in mid-2026 with no changelog entry",
        steps=(
            Archive(),
            Do(_more),
            Do(lambda s: s.fake.knobs.drift.extend(s.fake.drifts("renamed"))),
            Wait(25),
            Archive(Exit.EITHER),
            Turn(),
            Wait(25),
            Archive(),
        ),
        expect=Expected(says="kept raw and told while it lasts; read when it is over; no deletion", held=17),
        without=frozenset({"feed"}),
    ),
    Scenario(
        name="the-text-field-is-retyped",
        lesson="a string becomes an object",
        steps=(
            Do(lambda s: s.fake.knobs.drift.extend(s.fake.drifts("retyped"))),
            Archive(Exit.EITHER),
        ),
        expect=Expected(
            says="every item kept unread, none dropped",
            unread=12,
            may_miss=frozenset({"completeness", "served versions"}),
        ),
        without=frozenset({"feed", "wordpress", "mastodon"}),
    ),
)

_MEDIA = (
    Scenario(
        name="media-addresses-lapse",
        lesson="signed addresses on Meta, LinkedIn and TikTok die within hours",
        steps=(
            Turn({"media_ttl": -1.0}),
            Archive(Exit.EITHER),
            Turn(),
            Wait(25),
            Archive(),
            Wait(25),
            Archive(),
        ),
        expect=Expected(says="asked for afresh, or pending with its reason", held=12),
        without=NO_CREDENTIAL,
    ),
    Scenario(
        name="a-file-of-ten-gigabytes",
        lesson="a media file may be of any size",
        steps=(Turn({"media_huge": TEN_GB}), Archive(Exit.EITHER)),
        expect=Expected(says="refused by its size, said why; everything else held", held=12),
    ),
    Scenario(
        name="media-lead-to-a-private-address",
        lesson="a redirect into the council's own network",
        steps=(Turn({"media_redirect": PRIVATE}), Archive(Exit.EITHER)),
        expect=Expected(says="never asked for, said why; everything else held", held=12),
    ),
    Scenario(
        name="a-short-link-leads-to-a-private-address",
        lesson="the same by a shortener",
        steps=(Turn({"link_redirect": PRIVATE}), Archive(Exit.EITHER)),
        expect=Expected(says="the target is noted, never asked for; everything else held", held=12),
    ),
    Scenario(
        name="a-picture-comes-later",
        lesson="media are fetched in the same run as their post",
        steps=(Archive(), Wait(1), Do(_picture), Wait(1), Archive()),
        expect=Expected(says="the new picture is held", held=13),
    ),
)

SCENARIOS = _CAPTURE + _CHANGE + _REFUSAL + _SHAPE + _MEDIA


def scenario(name: str) -> Scenario:
    """Return the scenario of this name, or raise StopIteration."""
    return next(each for each in SCENARIOS if each.name == name)
