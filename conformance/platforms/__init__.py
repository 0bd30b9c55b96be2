"""The registry of fake platforms: one line each. Modules are imported only when their fake is asked for."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from conformance.fake import Fake

__all__ = ["PLATFORMS", "fake_class"]

PLATFORMS = {
    "x": "conformance.platforms.x:XFake",
    "facebook": "conformance.platforms.facebook:FacebookFake",
    "bluesky": "conformance.platforms.bluesky:BlueskyFake",
    "mastodon": "conformance.platforms.mastodon:MastodonFake",
    "wordpress": "conformance.platforms.wordpress:WordPressFake",
    "feed": "conformance.platforms.wordpress:FeedFake",
    "short": "conformance.platforms.shortener:ShortenerFake",
}


def fake_class(platform: str) -> type[Fake]:
    """Return the fake of a platform.

    Raises:
        KeyError: No such platform is registered.
    """
    module, _, name = PLATFORMS[platform].partition(":")
    return cast("type[Fake]", getattr(importlib.import_module(module), name))
