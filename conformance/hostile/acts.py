"""What scenarios do to a world between two runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.item import Media

if TYPE_CHECKING:
    from conformance.scenario import Stage

__all__ = [
    "all_live",
    "backdate",
    "delete",
    "edit",
    "hide",
    "late",
    "more",
    "no_permission",
    "picture",
    "refuse_one",
    "rename",
    "suspend",
    "unhide",
    "vanish",
    "wrong_account",
]

REPLIES = {
    "x": "tweets/search",
    "facebook": "/comments?",
    "bluesky": "getPostThread",
    "mastodon": "context",
    "wordpress": "comments",
}


def edit(stage: Stage, *texts: str) -> None:
    """Edit the newest post, once for each text."""
    for text in texts:
        stage.world.edit(stage.posts[-1], text)


def hide(stage: Stage) -> None:
    """Hide the first comment."""
    stage.world.hide(stage.comments[0], stage.hidden_word)
    stage.final[stage.comments[0].key] = ("hidden",)


def unhide(stage: Stage) -> None:
    """Show it again."""
    stage.world.unhide(stage.comments[0])
    stage.final[stage.comments[0].key] = ("live",)


def delete(stage: Stage, wanted: tuple[str, ...]) -> None:
    """Delete a post and a comment, of which one of the wanted states must stand in the end."""
    for item in (stage.posts[3], stage.comments[-1]):
        stage.delete(item)
        stage.final[item.key] = wanted


def vanish(stage: Stage) -> None:
    """Let the newest post vanish between the first page and the second, under offsets."""
    stage.fake.knobs.vanish = stage.posts[-1].native_id
    stage.fake.knobs.offset_paging = True
    stage.fake.knobs.page_size = 3


def late(stage: Stage) -> None:
    """Comment on a post and deep in a thread."""
    stage.world.comment(stage.posts[-2], "Only now have I seen this", author=stage.resident)
    stage.world.comment(stage.comments[2], "And that?", author=stage.council)


def backdate(stage: Stage) -> None:
    """Publish a post dated before others."""
    before = stage.posts[-3].created_at
    stage.world.post(stage.council, "Posted now, dated before", created_at=before)


def rename(stage: Stage) -> None:
    """Rename the account, then post."""
    stage.world.rename(stage.council, handle="northbeck-council", name="Northbeck Borough Council")
    stage.world.post(stage.council, "We have a new name")


def suspend(stage: Stage, *, suspended: bool) -> None:
    """Suspend the account, or restore it."""
    stage.world.suspend(stage.council, suspended=suspended)


def wrong_account(stage: Stage) -> None:
    """Let the platform answer with the credential owner's posts."""
    owner = stage.world.account(stage.platform, "credential-owner", "Somebody Else")
    stage.never.append(stage.world.post(owner, "A private person's post"))
    stage.world.sync()
    stage.fake.knobs.wrong_account = owner.id


def all_live(stage: Stage) -> None:
    """Ask that every post ends as live."""
    stage.final |= {item.key: ("live",) for item in stage.posts}


def refuse_one(stage: Stage) -> None:
    """Refuse one post by id beside the others."""
    stage.fake.knobs.refused_ids = {stage.posts[2].native_id}


def picture(stage: Stage) -> None:
    """Publish a post with a picture."""
    stage.world.post(stage.council, "A new picture", media=[Media(id="fresh", alt="Fresh")])


def more(stage: Stage) -> None:
    """Publish five posts."""
    for n in range(5):
        stage.posts.append(stage.world.post(stage.council, f"Later notice {n}"))


def no_permission(stage: Stage) -> None:
    """Aim the next bad token at the replies only."""
    stage.fake.knobs.bad_token_match = REPLIES.get(stage.platform, "comments")
