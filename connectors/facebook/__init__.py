"""Facebook Pages, Graph API: published posts, comments at every depth, profile.

`session` sends and pauses, `problems` translates Graph's errors, `fields` says what is asked and what makes
a version, `reading` is pure, `connector` walks.
"""

from connectors.facebook.connector import FacebookConnector

__all__ = ["FacebookConnector"]
