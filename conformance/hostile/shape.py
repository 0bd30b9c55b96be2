"""Replies that change their shape, and media and links that lead astray."""

from __future__ import annotations

from conformance.hostile import acts
from conformance.scenario import (
    Archive,
    Do,
    Exit,
    Expected,
    Scenario,
    Turn,
    Wait,
)

__all__ = ["MEDIA", "SHAPE"]

NO_CREDENTIAL = frozenset({"feed"})
PRIVATE = "http://169.254.169.254/latest/meta-data/"
TEN_GB = 10 * 1000**3

SHAPE = (
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
            Do(acts.more),
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

MEDIA = (
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
        steps=(Archive(), Wait(1), Do(acts.picture), Wait(1), Archive()),
        expect=Expected(says="the new picture is held", held=13),
    ),
)
