"""What an index must know of the register, asked over a pipe of the process that has it open.

The register takes half a second of a core to import, for a handful of questions at each commit. They are
answered by a thread, each as of the moment it is asked: capture waits for none of them.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, TypeAlias

from typing_extensions import override

from muniment.adapters.fresh_process import Channel
from muniment.adapters.process_owner import this_process
from muniment.ports.disposal import Erased, ErasedRecords, Intent
from schemas.errors import MunimentError

__all__ = ["Answers", "RegisterAsked", "answer", "erasure_answers"]

Answers: TypeAlias = Mapping[str, Callable[..., Any]]
"""What answers each question, by its name; pickle carries what it takes and gives."""


class RegisterAsked(ErasedRecords):
    """The register, asked of the process that started this one. Of one thread.

    Each question raises EOFError or ConnectionError when nobody answers: that process ended, or could not
    read its register.
    """

    def __init__(self, pipe: Channel) -> None:
        """Keep the pipe, at whose other end is `answer`."""
        self._pipe = pipe

    @override
    def erasures(self, council: str, *, after: int) -> Iterator[Erased]:
        return iter(self.ask("erasures", council, after=after))

    @override
    def last_closed_erasure(self, council: str) -> int:
        return int(self.ask("last_closed_erasure", council))

    @override
    def intents(self, council: str) -> tuple[Intent, ...]:
        return tuple(self.ask("intents", council))

    @override
    def begin_rebuild(self, council: str, name: str, *, commit_no: int, owner: str | None = None) -> None:
        self.ask("begin_rebuild", council, name, commit_no=commit_no, owner=owner or this_process())

    @override
    def end_rebuild(self, council: str, name: str, *, owner: str | None = None) -> None:
        self.ask("end_rebuild", council, name, owner=owner or this_process())

    @override
    def rebuilding(self, council: str) -> tuple[str, ...]:
        return tuple(self.ask("rebuilding", council))

    def ask(self, name: str, *given: Any, **named: Any) -> Any:
        """Ask a question and wait for its answer."""
        self._pipe.send((name, given, named))
        return self._pipe.recv()


def erasure_answers(register: ErasedRecords) -> Answers:
    """Return what answers the questions of `ErasedRecords`."""
    return {
        "erasures": lambda council, after: tuple(register.erasures(council, after=after)),
        "last_closed_erasure": register.last_closed_erasure,
        "intents": register.intents,
        "begin_rebuild": register.begin_rebuild,
        "end_rebuild": register.end_rebuild,
        "rebuilding": register.rebuilding,
    }


def answer(pipe: Channel, answers: Answers) -> None:
    """Answer until whoever asks has ended, or an answer cannot be had."""
    with pipe, suppress(EOFError, OSError, MunimentError):
        while True:
            name, given, named = pipe.recv()
            pipe.send(answers[name](*given, **named))
