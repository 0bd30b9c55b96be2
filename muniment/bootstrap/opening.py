"""The product as commands and flows hold it: a process, and the councils that it serves."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property

from typing_extensions import override

from muniment.bootstrap.council import CouncilServices, read_council
from muniment.bootstrap.process import Process
from muniment.domain.people import SYSTEM, Actor
from muniment.settings import Settings
from schemas.errors import BadInputError

__all__ = ["Muniment", "open_muniment"]


class Muniment(Process):
    """Everything that one process needs, and the services of each council, built when first asked for."""

    @cached_property
    def _councils(self) -> dict[str, CouncilServices]:
        return {}

    def councils(self) -> tuple[str, ...]:
        """Return the councils that have a file."""
        return tuple(sorted(path.stem for path in self.settings.councils.glob("*.yml")))

    def council(self, name: str | None = None) -> CouncilServices:
        """Return a council's services; without a name, those of the only one.

        Raises:
            BadInputError: There is no such file, or it has mistakes, or there is more than one.
        """
        chosen = name or self._only()
        if chosen not in self._councils:
            self._councils[chosen] = CouncilServices(self, read_council(self.settings, chosen))
        return self._councils[chosen]

    @override
    def close(self) -> None:
        for council in self._councils.values():
            council.close()
        super().close()

    def _only(self) -> str:
        found = self.councils()
        if len(found) == 1:
            return found[0]
        if not found:
            raise BadInputError(
                f"There is no council's file in {self.settings.councils}.",
                remedy="Copy councils/example_borough.yml there, or try `muniment archive URL`.",
            )
        raise BadInputError(
            f"There are files of {len(found)} councils.", remedy=f"Say --council {' or '.join(found)}."
        )


@contextmanager
def open_muniment(
    settings: Settings, *, progress: Callable[[int], None] = lambda _items: None, person: Actor = SYSTEM
) -> Iterator[Muniment]:
    """Build for the length of a block."""
    muniment = Muniment(settings, progress=progress, person=person)
    try:
        yield muniment
    finally:
        muniment.close()
