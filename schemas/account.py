"""A council's account, as the account register names it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from schemas.london import london_day_starts
from schemas.vocabulary import AccountKind, OnDeletion, Platform

__all__ = ["WEB_ADDRESS", "Account"]

WEB_ADDRESS: Final = r"^https?://[^\s@/?#]+(?:[/?#]\S*)?$"
"""What base_url may be: on the web, without a user name. An at-sign in its path is none: Mastodon's feeds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One official account: what capture needs to know of it. The rest stays in the council's file.

    `account` is the council's own short name for it (a slug). `native_id` is the platform's id of the
    account: None until the first check finds it; from then on another id is refused. `base_url` is the
    API or site to speak to where that is not the platform's own. `credential` names a credential, never
    holds one.
    """

    account: str
    council: str
    platform: Platform
    handle: str
    native_id: str | None = None
    base_url: str | None = None
    credential: str | None = None
    kind: AccountKind = AccountKind.CORPORATE
    interval: timedelta = timedelta(minutes=15)
    backfill_from: date | None = None
    on_deletion: OnDeletion = OnDeletion.RETAIN
    expected_per_week: int | None = None
    max_media_bytes: int = 200 * 1024 * 1024
    sandbox: bool = False
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def backfill_starts_at(self) -> datetime | None:
        """The first moment to fetch from: `backfill_from` is a London day. None: as far back as there is."""
        first = self.backfill_from
        return None if first is None else london_day_starts(first)
