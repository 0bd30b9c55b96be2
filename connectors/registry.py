"""The platforms: one line each. A connector's module, and its SDK, are imported only when asked for."""

import importlib
from collections.abc import Mapping
from typing import Final, cast

from connectors.contract import Connector, Rotate, Tariff
from connectors.transport import Transport
from schemas.account import Account
from schemas.errors import BadInputError
from schemas.vocabulary import Platform

__all__ = ["CONNECTORS", "PLATFORMS", "build", "connector_class", "never", "tariff"]

CONNECTORS: Final[Mapping[Platform, str]] = {
    "bluesky": "connectors.bluesky:BlueskyConnector",
    "facebook": "connectors.facebook:FacebookConnector",
    "feed": "connectors.feed:FeedConnector",
    "wordpress": "connectors.wordpress:WordPressConnector",
    "mastodon": "connectors.mastodon:MastodonConnector",
    "x": "connectors.x:XConnector",
}
"""Platform -> where its class is."""

PLATFORMS: Final = tuple(CONNECTORS)
_ROTATING: Final = frozenset({"x"})
"""Platforms that give a new refresh token with each renewal."""


def connector_class(platform: Platform) -> type[Connector]:
    """Return a platform's class.

    Raises:
        BadInputError: There is no such platform.
    """
    where = CONNECTORS.get(platform)
    if where is None:
        raise BadInputError(
            f"There is no platform {platform}.", remedy=f"Write one of {', '.join(PLATFORMS)}."
        )
    module, _, name = where.partition(":")
    return cast("type[Connector]", getattr(importlib.import_module(module), name))


def build(
    account: Account, transport: Transport, secrets: Mapping[str, str], rotate: Rotate | None = None
) -> Connector:
    """Return an account's connector; `rotate` is handed to platforms that rotate credentials.

    Raises:
        BadInputError: There is no such platform, or an option of the account is wrong.
        CredentialsRejectedError: The credential lacks what the platform needs.
    """
    made: type = connector_class(account.platform)
    more = (rotate,) if account.platform in _ROTATING else ()
    return cast("Connector", made(account, transport, secrets, *more))


def tariff(platform: Platform) -> Tariff:
    """Return what reading a platform costs."""
    return connector_class(platform).tariff


def never(platform: Platform) -> tuple[str, ...]:
    """Return what a platform can never give us."""
    return connector_class(platform).never
