"""Bluesky and other servers of the AT Protocol: what is asked (connector), how it is read (reading).

History: 2026-08 lexicons with `bookmarkCount` and `app.bsky.embed.gallery`; 2026-11 checked against
PDS 0.5.35 and an AppView of the same month. An edit (`putRecord`) keeps the at-uri and changes the cid; the
old text is not served any more. A reply hidden by the thread's author is named in the root's threadgate.
"""

from connectors.bluesky.connector import BlueskyConnector

__all__ = ["BlueskyConnector"]
