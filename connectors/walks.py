"""What a walk makes of answers: it hands them on as responses, and never turns in a circle."""

from collections.abc import Sequence

from connectors.transport import Answer
from schemas.capture import Cursor, Listed, RecordRef, Response, Walk
from schemas.errors import RepeatedTokenError

__all__ = ["TokenGuard", "respond"]


class TokenGuard:
    """Stops a walk that turns in a circle: a token seen before, or more pages than any list can have."""

    def __init__(self, ceiling: int = 100_000) -> None:
        """Start with no token seen."""
        self._seen: set[str] = set()
        self._ceiling = ceiling

    def pass_on(self, token: str) -> str:
        """Return the token if it is new.

        Raises:
            RepeatedTokenError: It came before, or the ceiling is passed.
        """
        if token in self._seen or len(self._seen) >= self._ceiling:
            raise RepeatedTokenError(
                "The platform sent us back to a page we had read already.",
                remedy="The pages up to there are kept; the list will be walked again at the next run.",
            )
        self._seen.add(token)
        return token


def respond(
    walk: Walk,
    answer: Answer,
    endpoint: str,
    *,
    api_version: str,
    connector_version: str,
    listings: Sequence[Listed] = (),
    asked: Sequence[RecordRef] = (),
    context: Sequence[bytes] = (),
    signpost: Cursor | None = None,
    marker: str | None,
    cost_micros: int = 0,
) -> Response:
    """Return the response that a connector yields for an answer."""
    return Response(
        capture_id=answer.capture_id,
        walk_id=walk.walk_id,
        fetched_at=answer.fetched_at,
        server_date=answer.server_date,
        method=answer.method,
        address=answer.address,
        sent=answer.sent,
        endpoint=endpoint,
        status=answer.status,
        headers=answer.headers,
        body=answer.body,
        api_version=api_version,
        connector_version=connector_version,
        secrets_masked=answer.secrets_masked,
        cost_micros=cost_micros,
        asked=tuple(asked),
        context=tuple(context),
        listings=tuple(listings),
        signpost=signpost,
        marker=marker,
    )
