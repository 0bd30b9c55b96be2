"""X (formerly Twitter), API v2: timeline, conversation search, edit chains, profile.

`session` speaks (tweepy's one home), `wire` holds X's two vocabularies, `problems` its errors, `cutting`
and `reading` are pure, `connector` walks.
"""

from connectors.x.connector import XConnector
from connectors.x.session import saving_with

__all__ = ["XConnector", "saving_with"]
