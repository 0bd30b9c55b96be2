"""Pages of Facebook's comments that are here already, as the connector would have fetched them."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import chain, pairwise

from typing_extensions import override

from bench.corpus import Page
from connectors.contract import Held
from connectors.facebook import FacebookConnector
from connectors.facebook.fields import API_VERSION
from connectors.facebook.wire import COMMENTS_ENDPOINT
from schemas.capture import Listed, Response, Walk, comments_of

__all__ = ["Replayed", "response"]


class Replayed(FacebookConnector):
    """The connector, but for its network: it answers with pages that are here already."""

    def __init__(self, answers: Iterable[Page]) -> None:
        self._answers = answers

    @override
    def pages(self, walk: Walk, held: Held) -> Iterator[Response]:
        for page, after in pairwise(chain(self._answers, (None,))):
            if page is not None:
                yield response(walk, page, marker=None if after is None else str(page.number))


def response(walk: Walk, page: Page, *, marker: str | None) -> Response:
    """Return a page as `transport` hands it on."""
    at = datetime.now(UTC)
    thread = f"facebook:{page.post_id.partition('_')[2]}"
    return Response(
        capture_id=f"capture-{walk.walk_id}-{page.number}",
        walk_id=walk.walk_id,
        fetched_at=at,
        server_date=at.replace(microsecond=0),
        method="GET",
        address=f"https://graph.facebook.com/v26.0/{page.post_id}/comments?filter=stream&limit=100"
        "&order=chronological&live_filter=no_filter&summary=true&access_token=***",
        sent=b"",
        endpoint=COMMENTS_ENDPOINT,
        status=200,
        headers={"content-type": "application/json; charset=UTF-8", "x-fb-trace-id": f"C{page.number:08d}"},
        body=page.body,
        api_version=API_VERSION,
        connector_version=FacebookConnector.version,
        secrets_masked=1,
        listings=(Listed(listing=comments_of(thread), ended=page.ended, absence_counts=page.ended),),
        marker=marker,
    )
