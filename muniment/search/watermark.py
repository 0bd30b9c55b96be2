"""How far an index stands, and what may be written on top of it, alike on every engine."""

from schemas.errors import WriteConflictError

__all__ = ["refuse_gap"]


def refuse_gap(stands_at: int, after: int | None) -> None:
    """Refuse entries made from the commits after `after` where an index stands before that.

    Another process may have built the index anew from an older look at the archive: the watermark would
    then pass over commits whose records the index never got.

    Raises:
        WriteConflictError: It stands before `after`.
    """
    if after is not None and stands_at < after:
        raise WriteConflictError(
            f"The search index stands at commit {stands_at}, not at {after}: it was built anew meanwhile.",
            remedy="Run the same command again: it goes on from where the index stands now.",
        )
