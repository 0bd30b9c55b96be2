"""Platforms that say no, or yes with the wrong page."""

from __future__ import annotations

from conformance.hostile import acts
from conformance.scenario import (
    Archive,
    Do,
    Exit,
    Expected,
    Gap,
    Outcome,
    Scenario,
    Turn,
    Wait,
)

__all__ = ["REFUSAL"]

NO_CREDENTIAL = frozenset({"feed"})

REFUSAL = (
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
            Do(acts.more),
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
        steps=(Do(acts.no_permission), Turn({"bad_token": "missing-permission"}), Archive(Exit.TOLD)),
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
            Do(lambda s: acts.suspend(s, suspended=True)),
            *(step for _ in range(4) for step in (Wait(25), Archive(Exit.EITHER))),
            Do(lambda s: acts.suspend(s, suspended=False)),
            Wait(25),
            Archive(),
        ),
        expect=Expected(says="no deletion, a gap for the time, all live in the end", held=12),
        without=frozenset({"wordpress", "feed"}),
    ),
    Scenario(
        name="the-wrong-account",
        lesson="sfm-ui#448: a bad id archived the credential owner's posts, status Success",
        steps=(Do(acts.wrong_account), Archive(Exit.TOLD)),
        expect=Expected(
            says="ends as wrong-account, and nothing of the other account is held",
            outcomes=frozenset({Outcome.WRONG_ACCOUNT}),
            may_miss=frozenset({"completeness", "served versions"}),
        ),
        without=frozenset({"wordpress", "feed"}),
    ),
)
