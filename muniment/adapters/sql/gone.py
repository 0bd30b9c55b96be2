"""Which records are confirmed gone at their platform, by every account that saw them."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from muniment.adapters.sql import tables as t
from muniment.adapters.sql.engine import Part
from schemas.vocabulary import State

__all__ = ["SqlGone"]

_p, _s = t.presence.c, t.streams.c


class SqlGone(Part):
    """Reads presence as deletions."""

    def confirmed_gone(self, council: str, accounts: Sequence[str]) -> Mapping[str, tuple[str, datetime]]:
        """Return records gone at these accounts and live at no other, with account and time of the answer."""
        other, elsewhere = t.presence.alias(), t.streams.alias()
        lives = (
            sa.select(other.c.record_key)
            .join_from(other, elsewhere, elsewhere.c.id == other.c.stream_id)
            .where(
                other.c.record_key == _p.record_key,
                other.c.state != State.GONE.value,
                elsewhere.c.council == council,
            )
            .exists()
        )
        wanted = (
            sa.select(_p.record_id, _s.account, sa.func.min(_p.observed_at).label("at"))
            .join_from(t.presence, t.streams, _s.id == _p.stream_id)
            .where(_s.council == council, _s.account.in_(accounts), _p.state == State.GONE.value, ~lives)
            .group_by(_p.record_id, _s.account)
            .order_by(_p.record_id)
        )
        with self._database.read() as connection:
            rows = connection.execute(wanted).all()
        return {row.record_id: (row.account, row.at) for row in rows}
