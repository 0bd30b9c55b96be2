"""From what somebody asks about, a record id or a web address, to the record ids that it may mean. Pure.

A destroyed record's address is gone with it: only what the address itself says can be asked of the stubs.
"""

import re
from typing import Final

__all__ = ["may_mean"]

_FACEBOOK: Final = r"^https?://(?:www\.|m\.)?facebook\.com/.*?"
_PATTERNS: Final = (
    (re.compile(r"^https?://(?:www\.|mobile\.)?(?:x|twitter)\.com/[^/]+/status/(\d+)"), "x:{0}"),
    (re.compile(_FACEBOOK + r"(?:posts|videos|photos|permalink)/(?:[^/?]+/)?(\d+)"), "facebook:{0}"),
    (re.compile(_FACEBOOK + r"[?&](?:story_fbid|fbid)=(\d+)"), "facebook:{0}"),
    (re.compile(_FACEBOOK + r"[?&]comment_id=(\d+)"), "facebook:{0}"),
    (
        re.compile(r"^https?://bsky\.app/profile/(did:[^/]+)/post/([a-z0-9]+)"),
        "at://{0}/app.bsky.feed.post/{1}",
    ),
)


def may_mean(asked: str) -> tuple[str, ...]:
    """Return the record ids that a text may mean, itself first; of an address what its platform makes of it.

    Args:
        asked: A record id as muniment writes it (`x:1790…`), or a web address.
    """
    text = asked.strip()
    found = [text]
    for pattern, shape in _PATTERNS:
        match = pattern.search(text)
        if match is not None:
            found.append(shape.format(*match.groups()))
    return tuple(dict.fromkeys(found))
