"""When the events happened that periods count from: the record's own dates, and facts that people recorded.

A recorded fact has a scope: a record, a thread, a case, a window, an account or the whole council. Of several
that fit a record the latest counts. A fact of a wide scope (window, account, council) that lies before the
record's own date is about something earlier, and counts for nothing: the result of the last election does not
end the period of this one's posts. A thread closes when nothing new came for as long as its class says, or
earlier when a person says so; whatever comes afterwards opens it again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Final, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from muniment.domain.classifying import Setting, Threads, in_window
from muniment.domain.columns import day_number, days, greatest, looked_up, mapped_days
from muniment.domain.counting import add
from muniment.domain.period import Duration
from muniment.domain.retention import CLOSING, WindowKind

__all__ = ["EventDates", "Facts", "Scope"]


class Scope(StrEnum):
    """What a recorded fact is about."""

    RECORD = "record"
    THREAD = "thread"
    CASE = "case"
    WINDOW = "window"
    ACCOUNT = "account"
    COUNCIL = "council"


Facts: TypeAlias = Mapping[tuple[str, Scope, str], date]
"""(event, scope, name of what it is about) -> London date; the council's own name is ""."""

_OWN: Final[Mapping[str, str]] = {
    "published": "filed_on",
    "created": "filed_on",
    "received": "filed_on",
    "captured": "first_captured_on",
    "last_action": "changed_on",
}


@dataclass(frozen=True, kw_only=True)
class EventDates:
    """The dates of events for every record of `held`, as day numbers; null: it has not happened."""

    held: pa.Table
    threads: Threads
    setting: Setting
    facts: Facts
    _windows: dict[str, pa.Array] = field(default_factory=dict)

    @cached_property
    def _filed(self) -> pa.Array:
        return days(self.held["filed_on"].combine_chunks())

    def changed(self) -> pa.Array:
        """Return when each record last changed."""
        return days(self.held["changed_on"].combine_chunks())

    def of(self, event: str, *, quiet: Duration | None, window: WindowKind | None) -> pa.Array:
        """Return when an event happened.

        Args:
            event: Its name.
            quiet: How long a thread has nothing new before it is closed, for events that close one.
            window: The kind of window by which these records got their class: of that kind, every window
                that a record lies in must have the event, or it has not happened.
        """
        if event in CLOSING:
            return self._closed(event, quiet)
        found = [self._about(event, Scope.RECORD, "record_id"), self._about(event, Scope.THREAD, "thread_id")]
        found += [self._after(one) for one in (self._of_account(event), self._of_council(event))]
        found.append(self._in_windows(event, window))
        if event in _OWN:
            found.append(days(self.held[_OWN[event]].combine_chunks()))
        return greatest(*found)

    def _named(self, event: str, scope: Scope) -> dict[str, int]:
        return {
            name: day_number(on)
            for (known, about, name), on in self.facts.items()
            if known == event and about is scope
        }

    def _about(self, event: str, scope: Scope, column: str) -> pa.Array:
        return self._found(self._named(event, scope), column)

    def _found(self, named: Mapping[str, int], column: str) -> pa.Array:
        if not named:
            return pa.nulls(len(self.held), pa.int32())
        return looked_up(self.held[column].combine_chunks(), named)

    def _of_account(self, event: str) -> pa.Array:
        return self._about(event, Scope.ACCOUNT, "account")

    def _of_council(self, event: str) -> pa.Array:
        on = self._named(event, Scope.COUNCIL).get("")
        return pa.repeat(pa.scalar(on, pa.int32()), len(self.held))

    def _after(self, found: pa.Array) -> pa.Array:
        """Return the dates that do not lie before the record's own."""
        return pc.if_else(pc.greater_equal(found, self._filed), found, pa.scalar(None, pa.int32()))

    def _in_windows(self, event: str, kind: WindowKind | None) -> pa.Array:
        named = self._named(event, Scope.WINDOW)
        latest = pa.nulls(len(self.held), pa.int32())
        waits = pa.repeat(pa.scalar(value=False), len(self.held))
        for window in self.setting.windows:
            if window.name not in self._windows:
                self._windows[window.name] = in_window(self.held, window)
            inside = self._windows[window.name]
            on = pa.scalar(named.get(window.name), pa.int32())
            here = self._after(pc.if_else(inside, on, pa.scalar(None, pa.int32())))
            latest = greatest(latest, here)
            if window.kind is kind:
                waits = pc.or_(waits, pc.and_(inside, pc.is_null(here)))
        return pc.if_else(waits, pa.scalar(None, pa.int32()), latest)

    def _closed(self, event: str, quiet: Duration | None) -> pa.Array:
        """Return when each thread closed: the first of what closes it that nothing new came after."""
        active = self.threads.last_active.take(self.threads.codes)
        found = [
            self._about(event, Scope.THREAD, "thread_id"),
            self._found(self._named("account_closed", Scope.ACCOUNT), "account"),
        ]
        nothing = pa.scalar(None, pa.int32())
        closings = [pc.if_else(pc.greater_equal(one, active), one, nothing) for one in found]
        if quiet is not None:
            silent = mapped_days(self.threads.last_active, lambda day: add(day, quiet))
            closings.append(silent.take(self.threads.codes))
        return pc.min_element_wise(*closings)
