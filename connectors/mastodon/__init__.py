"""Mastodon and servers that speak its API: what is asked (connector), how it is read (reading).

History: 2026-08 replies recorded from Mastodon 4.6 and checked against the 4.7.0 description; `quotes_count`,
`quote_approval` and `tagged_collections` seen; `edited_at` with `/history` since 3.5.
"""

from connectors.mastodon.connector import MastodonConnector

__all__ = ["MastodonConnector"]
