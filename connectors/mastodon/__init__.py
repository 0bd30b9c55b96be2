"""Mastodon and servers that speak its API.

What is asked, in which order (connector), and what refusals mean (session); what the walks need to know of an
answer (wire); how it is cut into exhibits (cutting) and these are read (reading).

History: 2026-08 replies recorded from Mastodon 4.6 and checked against the 4.7.0 description; `quotes_count`,
`quote_approval` and `tagged_collections` seen; `edited_at` with `/history` since 3.5.
"""

from connectors.mastodon.connector import MastodonConnector

__all__ = ["MastodonConnector"]
