"""Asking X for posts and profiles: in the names it takes, with what an answer may and may not look like."""

import logging
from collections.abc import Mapping
from typing import Final

import msgspec

from connectors.decoding import decoded
from connectors.transport import Answer, Transport
from connectors.x import cutting
from connectors.x.cutting import LOOKUP, Cut
from connectors.x.problems import NamesRefusedError, problems_of, raise_for_account, unreadable
from connectors.x.session import Session
from connectors.x.wire import USER_FIELDS, Names, User, other_names
from schemas.errors import AccountSuspendedError, MalformedItemError

__all__ = ["USER_COST", "Asking"]

USER_COST: Final = 10_000

logger = logging.getLogger(__name__)


class Asking:
    """Asks for one account; which vocabulary X takes is found out once."""

    def __init__(self, transport: Transport, session: Session, names: Names) -> None:
        """Start with the names of the account's settings."""
        self._transport = transport
        self._session = session
        self._settled = False
        self.names = names

    def posts(
        self, route: str, params: Mapping[str, str], *, app_only: bool = False
    ) -> tuple[Answer, Cut | None]:
        """Return a page of posts; None instead of a cut for a body that cannot be opened.

        Raises:
            AccountSuspendedError, StreamRefusedError, SourceUnavailableError: See `problems`.
        """
        answer = self._in_names(route, params, app_only=app_only)
        try:
            cut = cutting.opened(answer.body)
        except MalformedItemError:
            return answer, None
        if _is_bare(cut) and not self._settled:
            self._settled = True
            answer, cut = self._in_other_names(route, params, app_only=app_only) or (answer, cut)
        raise_for_account(problems_of(cut.errors), has_data=bool(cut.items) or route == LOOKUP)
        if not cut.items and not cut.errors and cut.meta.result_count != 0:
            raise unreadable("neither posts, nor errors, nor a count of none")
        if route != LOOKUP and not cut.has_meta and not cut.errors:
            raise unreadable("a list without paging facts")
        return answer, cut

    def profile(self, route: str) -> tuple[Answer, User]:
        """Return a profile.

        Raises:
            AccountSuspendedError, StreamRefusedError: X shows none, or one we cannot read.
        """
        answer = self._session.get(route, {"user.fields": USER_FIELDS})
        self._transport.add_cost(USER_COST)
        try:
            cut = cutting.opened(answer.body)
            raise_for_account(problems_of(cut.errors), has_data=bool(cut.items))
            if not cut.items:
                raise AccountSuspendedError("X shows no such account.", remedy="Check the handle on x.com.")
            user = decoded(cut.items[0][0], User)
        except (MalformedItemError, msgspec.DecodeError):
            raise unreadable("a profile that cannot be read") from None
        if not user.id.isdecimal():
            raise unreadable("an account's id is no number")
        return answer, user

    def _in_names(self, route: str, params: Mapping[str, str], *, app_only: bool) -> Answer:
        try:
            return self._session.get(route, {**params, **self.names.parameters}, app_only=app_only)
        except NamesRefusedError:
            if self._settled:
                raise unreadable("it takes neither tweet.fields nor post.fields") from None
        self._settled = True
        self._take(other_names(self.names))
        return self._in_names(route, params, app_only=app_only)

    def _in_other_names(
        self, route: str, params: Mapping[str, str], *, app_only: bool
    ) -> tuple[Answer, Cut] | None:
        """Ask again in the other names; None when X takes them no better."""
        names = other_names(self.names)
        try:
            answer = self._session.get(route, {**params, **names.parameters}, app_only=app_only)
            cut = cutting.opened(answer.body)
        except (NamesRefusedError, MalformedItemError):
            return None
        if _is_bare(cut):
            return None
        self._take(names)
        return answer, cut

    def _take(self, names: Names) -> None:
        logger.warning(
            "X does not take %s.fields for account %s; muniment sends %s.fields from here on. "
            "Write x_names: %s in the account's options.",
            self.names.word,
            self._transport.account.account,
            names.word,
            names.word,
        )
        self.names = names


def _is_bare(cut: Cut) -> bool:
    """Whether X ignored the field names that we sent: no post tells when it was created."""
    heads = [head for _, head in cut.items if head is not None]
    return bool(heads) and all(head.created_at is None for head in heads)
