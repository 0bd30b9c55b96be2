"""The council's accounts in the register, and the history of what was asked for them.

An account's settings are those of the council's file. What a check found (native id, handle, site) and
what a person decided (a confirmed backfill) or a fault caused (a pause) is kept beside them and laid over
them when an account is read. An account that leaves the file is closed; nothing of it is forgotten.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from muniment.adapters.sql import tables as t
from muniment.adapters.sql.audit import SqlAuditTrail
from muniment.adapters.sql.engine import Part
from muniment.domain.events import AccountPaused, AccountsEnrolled, BackfillConfirmed
from muniment.domain.people import SYSTEM, Actor
from muniment.ports import Enrolled
from schemas.account import Account
from schemas.errors import BadInputError, WrongAccountError
from schemas.vocabulary import Reason

__all__ = ["SITE", "SqlAccounts", "account_of"]

SITE: Final = "site"
"""The account option that holds the name fixed in record ids, where a platform has instances."""

_a, _h = t.accounts.c, t.settings.c


class SqlAccounts(Part):
    """Enrolment, checks, pauses and the history of settings."""

    def enrol(
        self,
        council: str,
        accounts: Sequence[Account],
        *,
        source_digest: bytes,
        now: datetime,
        actor: Actor = SYSTEM,
    ) -> None:
        """Take in the council's file: settings that changed become a new row of the history, audited.

        Raises:
            BadInputError: The file gives an account another native_id than was found and fixed.
        """
        wanted = {account.account: account for account in accounts}
        if self._is_enrolled(council, wanted):
            return
        with self._database.write(council, durable=True) as connection:
            known = {
                row.account: row
                for row in connection.execute(sa.select(t.accounts).where(_a.council == council))
            }
            before = _settings(connection, council)
            for name, account in wanted.items():
                self._enrol_one(
                    connection, account, known.get(name), before.get(name), digest=source_digest, now=now
                )
            left = [name for name, row in known.items() if name not in wanted and row.closed_at is None]
            if left:
                of_left = sa.and_(_a.council == council, _a.account.in_(left))
                connection.execute(sa.update(t.accounts).where(of_left).values(closed_at=now))
            was_open = {name: before[name] for name, row in known.items() if row.closed_at is None}
            told = AccountsEnrolled(
                source_sha256=source_digest.hex(),
                before=_told({name: one for name, one in was_open.items() if wanted.get(name) != one}),
                after=_told({name: one for name, one in wanted.items() if was_open.get(name) != one}),
            )
            SqlAuditTrail(connection, council, actor, now).record(told)

    def enrolled(self, council: str) -> tuple[Enrolled, ...]:
        """Return the accounts of a council that are open, by name."""
        return tuple(one for one in self.ever_enrolled(council) if one.closed_at is None)

    def ever_enrolled(self, council: str) -> tuple[Enrolled, ...]:
        """Return the accounts of a council, closed ones too, by name."""
        wanted = sa.select(t.accounts).where(_a.council == council).order_by(_a.account)
        with self._database.read() as connection:
            rows = connection.execute(wanted).all()
            settings = _settings(connection, council)
        return tuple(
            Enrolled(
                account=_laid_over(settings[row.account], row),
                checked_at=row.checked_at,
                confirmed_backfill=row.backfill_confirmed_at is not None,
                paused=None if row.paused is None else Reason(row.paused),
                first_enrolled_at=row.first_enrolled_at,
                closed_at=row.closed_at,
            )
            for row in rows
        )

    def identify(
        self, council: str, account: str, *, native_id: str, handle: str, site: str | None, now: datetime
    ) -> None:
        """Fix what a check found; a site, once fixed, stays.

        Raises:
            WrongAccountError: The register already knows another native_id.
        """
        with self._database.write(council, durable=True) as connection:
            row = self._row(connection, council, account)
            settings = account_of(connection, council, account)
            known = row.native_id or (settings and settings.native_id)
            if known is not None and known != native_id:
                raise WrongAccountError(
                    f"The platform answered for another account than the register knows as {account}.",
                    remedy="Sign in as the council's account and make a new credential. A new account "
                    "of the council needs a new name in the council's file.",
                )
            found = {
                "native_id": native_id,
                "handle": handle,
                "site": row.site or site,
                "checked_at": now,
            }
            self._update(connection, council, account, found)

    def confirm_backfill(self, council: str, account: str, *, by: Actor, now: datetime) -> None:
        """Remember that a person said yes to the estimate, audited.

        Raises:
            BadInputError: There is no such account.
        """
        with self._database.write(council, durable=True) as connection:
            self._row(connection, council, account)
            confirmed = {"backfill_confirmed_by": by.name, "backfill_confirmed_at": now}
            self._update(connection, council, account, confirmed)
            SqlAuditTrail(connection, council, by, now).record(BackfillConfirmed(account=account))

    def pause(self, council: str, account: str, reason: Reason | None, *, now: datetime) -> None:
        """Pause an account until its credential changes, or (None) let it go on; audited."""
        with self._database.write(council, durable=True) as connection:
            row = self._row(connection, council, account)
            word = None if reason is None else reason.value
            if row.paused != word:
                at = None if word is None else now
                self._update(connection, council, account, {"paused": word, "paused_at": at})
                told = AccountPaused(account=account, before=row.paused, after=word)
                SqlAuditTrail(connection, council, SYSTEM, now).record(told)

    def council_ids(self, council: str, platform: str) -> frozenset[str]:
        """Return the native ids of the council's accounts on a platform, closed ones too."""
        with self._database.read() as connection:
            rows = connection.execute(
                sa.select(t.accounts).where(_a.council == council, _a.platform == platform)
            ).all()
            settings = _settings(connection, council)
        found = {row.native_id or settings[row.account].native_id for row in rows}
        return frozenset(native_id for native_id in found if native_id is not None)

    def settings_at(self, council: str, account: str, at: datetime) -> Account | None:
        """Return what was asked for an account at a moment, as the file then said."""
        wanted = (
            sa.select(_h.settings)
            .where(_h.council == council, _h.account == account, _h.asked_at <= at)
            .order_by(_h.asked_at.desc(), _h.id.desc())
            .limit(1)
        )
        with self._database.read() as connection:
            told = connection.execute(wanted).scalar()
        return None if told is None else _account(told)

    def _is_enrolled(self, council: str, wanted: dict[str, Account]) -> bool:
        """Tell whether the register says the same already: most runs change nothing and wait for nobody."""
        with self._database.read() as connection:
            rows = connection.execute(sa.select(t.accounts).where(_a.council == council)).all()
            settings = _settings(connection, council)
        now_open = {row.account for row in rows if row.closed_at is None}
        return now_open == wanted.keys() and all(settings.get(name) == wanted[name] for name in wanted)

    def _enrol_one(
        self,
        connection: sa.Connection,
        account: Account,
        row: Any,
        before: Account | None,
        *,
        digest: bytes,
        now: datetime,
    ) -> None:
        if row is None:
            new = {"council": account.council, "account": account.account, "platform": account.platform}
            connection.execute(sa.insert(t.accounts).values(**new, first_enrolled_at=now))
        else:
            self._reopen(connection, account, row, before)
        if before != account:
            connection.execute(
                sa.insert(t.settings).values(
                    council=account.council,
                    account=account.account,
                    asked_at=now,
                    source_digest=digest,
                    settings=_encoded(account),
                )
            )

    def _reopen(self, connection: sa.Connection, account: Account, row: Any, before: Account | None) -> None:
        if row.platform != account.platform or (
            row.native_id is not None and account.native_id not in (None, row.native_id)
        ):
            raise BadInputError(
                f"Account {account.account} is another account now than it was before.",
                remedy="Give the new account a new name, and give the old one its closed_on date.",
            )
        changed: dict[str, Any] = {"closed_at": None}
        if before is not None and before.handle != account.handle:
            changed["handle"] = None
            changed["checked_at"] = None
        if before is not None and before.credential != account.credential:
            changed |= {"paused": None, "paused_at": None, "checked_at": None}
        if before is not None and _reaches_further(account, before):
            changed |= {"backfill_confirmed_by": None, "backfill_confirmed_at": None}
        self._update(connection, account.council, account.account, changed)

    def _row(self, connection: sa.Connection, council: str, account: str) -> Any:
        row = connection.execute(sa.select(t.accounts).where(_is(council, account))).first()
        if row is None:
            raise BadInputError(
                f"Council {council} has no account {account}.",
                remedy="`muniment accounts list` shows the names.",
            )
        return row

    def _update(self, connection: sa.Connection, council: str, account: str, values: dict[str, Any]) -> None:
        connection.execute(sa.update(t.accounts).where(_is(council, account)).values(values))


def account_of(connection: sa.Connection, council: str, account: str) -> Account | None:
    """Return an account as it is asked for now, with what checks have fixed; None: it was never enrolled."""
    row = connection.execute(sa.select(t.accounts).where(_is(council, account))).first()
    if row is None:
        return None
    return _laid_over(_settings(connection, council, account)[account], row)


def _is(council: str, account: str) -> sa.ColumnElement[bool]:
    return sa.and_(_a.council == council, _a.account == account)


def _settings(connection: sa.Connection, council: str, account: str | None = None) -> dict[str, Account]:
    """Return the newest settings of each account."""
    newest = sa.select(sa.func.max(_h.id)).where(_h.council == council)
    if account is not None:
        newest = newest.where(_h.account == account)
    wanted = sa.select(_h.account, _h.settings).where(_h.id.in_(newest.group_by(_h.account)))
    return {row.account: _account(row.settings) for row in connection.execute(wanted)}


def _encoded(account: Account) -> str:
    return msgspec.json.encode(account, order="deterministic").decode()


def _told(accounts: Mapping[str, Account]) -> dict[str, str]:
    return {name: _encoded(account) for name, account in accounts.items()}


def _account(told: str) -> Account:
    return msgspec.json.decode(told, type=Account)


def _laid_over(account: Account, row: Any) -> Account:
    options = dict(account.options)
    if row.site is not None:
        options[SITE] = row.site
    return replace(
        account,
        native_id=row.native_id or account.native_id,
        handle=row.handle or account.handle,
        options=options,
    )


def _reaches_further(account: Account, before: Account) -> bool:
    """Tell whether more of the past is asked for than a person has said yes to."""
    if before.backfill_from is None:
        return False
    return account.backfill_from is None or account.backfill_from < before.backfill_from
