"""Posts and comments that are edited, deleted, hidden, renamed, or come after the look."""

from __future__ import annotations

from conformance.hostile import acts
from conformance.scenario import (
    Archive,
    Do,
    Expected,
    Scenario,
    Wait,
)

__all__ = ["CHANGE"]

NO_REPLIES = frozenset({"feed"})
HIDES = frozenset({"facebook", "wordpress", "bluesky"})
GONE = ("gone",)
ABSENT = ("missing", "gone")

CHANGE = (
    Scenario(
        name="an-edit",
        lesson="ArchiveBox#179: versions over time, never one overwritten copy",
        steps=(Archive(), Wait(1), Do(lambda s: acts.edit(s, "Corrected notice")), Wait(1), Archive()),
        expect=Expected(says="two versions"),
    ),
    Scenario(
        name="two-edits-between-runs",
        lesson="where the platform keeps a history (X, Mastodon, WordPress), each entry is a version",
        steps=(Archive(), Wait(1), Do(lambda s: acts.edit(s, "Second", "Third")), Wait(1), Archive()),
        expect=Expected(says="every version that was served"),
    ),
    Scenario(
        name="edited-and-edited-back",
        lesson="A, B, A: the first text comes back, and both are kept",
        steps=(
            Archive(),
            Wait(1),
            Do(lambda s: acts.edit(s, "Wrong")),
            Wait(1),
            Archive(),
            Do(lambda s: acts.edit(s, s.posts[-1].versions[0].text)),
            Wait(1),
            Archive(),
        ),
        expect=Expected(says="two versions, the first current"),
    ),
    Scenario(
        name="a-deletion",
        lesson="hydrator#31: absent once is missing, not deleted",
        steps=(Archive(), Wait(1), Do(lambda s: acts.delete(s, ABSENT)), Wait(25), Archive()),
        expect=Expected(says="missing, its versions kept"),
        without=NO_REPLIES,
    ),
    Scenario(
        name="a-deletion-confirmed",
        lesson="gone by id, several absences apart in time, a control record seen",
        steps=(
            Archive(),
            Wait(1),
            Do(lambda s: acts.delete(s, GONE)),
            *(step for _ in range(5) for step in (Wait(25), Archive())),
        ),
        expect=Expected(says="gone, its versions kept"),
        without=NO_REPLIES,
    ),
    Scenario(
        name="hidden-and-shown-again",
        lesson="hidden only on the platform's word; a return is shown as restored",
        steps=(Archive(), Wait(1), Do(acts.hide), Wait(25), Archive(), Do(acts.unhide), Wait(25), Archive()),
        expect=Expected(says="hidden with the platform's word, then live; no deletion"),
        only=HIDES,
    ),
    Scenario(
        name="a-comment-is-hidden",
        lesson="a hidden comment is another fact than a deleted one",
        steps=(Archive(), Wait(1), Do(acts.hide), Wait(25), Archive()),
        expect=Expected(says="hidden with the platform's word"),
        only=HIDES,
    ),
    Scenario(
        name="a-late-comment",
        lesson="a comment on an old post does not lift the post",
        steps=(Archive(), Wait(30), Do(acts.late), Wait(25), Archive()),
        expect=Expected(says="found by looking back"),
        without=NO_REPLIES,
    ),
    Scenario(
        name="a-post-below-the-high-water-mark",
        lesson="dlt#2269: late rows below the cursor are lost",
        steps=(Archive(), Do(acts.backdate), Wait(1), Archive(), Wait(25), Archive()),
        expect=Expected(says="found by the overlap or by looking back", held=13),
        only=frozenset({"facebook", "bluesky", "wordpress"}),
    ),
    Scenario(
        name="a-rename",
        lesson="handles change, ids do not",
        steps=(Archive(), Wait(1), Do(acts.rename), Wait(25), Archive()),
        expect=Expected(says="one account, no deletion, the new post held", held=13),
        without=frozenset({"wordpress", "feed"}),
    ),
)
