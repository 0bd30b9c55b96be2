"""Working off disposals: each run that was begun or is due is tried, whatever becomes of the others.

By night and by hand. A run that fails (a full disk, an index that lies, a key of stubs that is missing)
is entered in the audit with the kind of its error and tried again the next time; those behind it do not wait.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from muniment.domain.disposal_events import DisposalStopped
from muniment.domain.people import SYSTEM
from muniment.services.destroying import Destroying, Executed
from schemas.errors import MunimentError, NotApprovedError

__all__ = ["WorkedOff", "go_on", "work_off"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkedOff:
    """What became of the runs. `refused` are no longer approved as they stood; `failed` are tried again."""

    done: tuple[Executed, ...]
    refused: tuple[tuple[str, NotApprovedError], ...]
    failed: tuple[tuple[str, Exception], ...]

    def raise_first(self) -> None:
        """Raise what stopped the first run that failed, else what refused the first that was refused.

        Raises:
            MunimentError: One did not go; or whatever else stopped it.
        """
        for _, error in (*self.failed, *self.refused):
            raise error


def _to_nobody(done: int, of: int) -> None:
    """Tell nobody how far it is."""


def go_on(destroying: Destroying) -> WorkedOff:
    """Go on with every run that was begun and has no certificate yet."""
    return _each(destroying, destroying.begun(), _to_nobody)


def work_off(destroying: Destroying, progress: Callable[[int, int], None] = _to_nobody) -> WorkedOff:
    """Go on with every run that was begun, then execute those whose waiting period is over.

    `progress` is told after each how many are dealt with, and of how many; it must not fail.
    """
    begun = destroying.begun()
    runs = (*begun, *(one for one in destroying.due() if one not in begun))
    return _each(destroying, runs, progress)


def _each(destroying: Destroying, runs: Sequence[str], progress: Callable[[int, int], None]) -> WorkedOff:
    done: list[Executed] = []
    refused: list[tuple[str, NotApprovedError]] = []
    failed: list[tuple[str, Exception]] = []
    for number, run in enumerate(runs, start=1):
        try:
            done.append(destroying.execute(run))
        except NotApprovedError as error:
            refused.append((run, error))
        except Exception as error:  # noqa: BLE001 -- the caller raises it, once the others were tried
            failed.append((run, error))
            _enter(destroying, run, error)
        progress(number, len(runs))
    return WorkedOff(done=tuple(done), refused=tuple(refused), failed=tuple(failed))


def _enter(destroying: Destroying, run: str, error: Exception) -> None:
    """Enter a failure in the audit; where that fails too, the error itself is what is told."""
    council, now = destroying.council, destroying.clock.now()
    with suppress(MunimentError), destroying.register.begin(council, SYSTEM, now=now) as trail:
        state = destroying.register.disposal_run(council, run).state
        trail.record(DisposalStopped(run=run, state=state.value, error=type(error).__name__))
