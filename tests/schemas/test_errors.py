"""An error says what to do about it: what it was given, else what usually helps against its kind."""

import pytest

from schemas.errors import MunimentError, SearchUnavailableError, SourceUnavailableError, WriteConflictError


def test_what_is_said_of_the_one_at_hand_comes_before_what_usually_helps() -> None:
    assert WriteConflictError("Another was first.").remedy == "Run the same command again."
    assert str(WriteConflictError("Another was first.", remedy="Wait.")) == "Another was first. Wait."
    assert MunimentError("It broke.").remedy == ""


@pytest.mark.parametrize("kind", [WriteConflictError, SearchUnavailableError, SourceUnavailableError])
def test_what_is_tried_again_says_so(kind: type[MunimentError]) -> None:
    assert str(kind("It did not go.")) == f"It did not go. {kind.usual_remedy}"
