"""The connectors read a real WordPress: everything once, every state, edits, trash, by id, and its feeds."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import httpx
import pytest

from conformance.picture import png
from connectors.contract import Connector, Reading
from connectors.discover import discover
from connectors.feed import FeedConnector
from connectors.wordpress import WordPressConnector
from schemas.account import Account
from schemas.capture import Ask, Edge, Ids, RecordRef, Response, Threads, Walk
from schemas.digests import version
from schemas.errors import CredentialsRejectedError, StreamRefusedError
from schemas.vocabulary import Answer, Kind, Stream
from tests.connectors.rig import FakeClock, Wire, nothing_held
from tests.rig.wordpress_site import Posting, WordPressSite

pytestmark = pytest.mark.rig

AT = datetime(2026, 3, 1, 9, tzinfo=UTC)


class Reader:
    """Connectors over the real site, and what their walks say."""

    def __init__(self, site: WordPressSite, client: httpx.Client) -> None:
        self.site = site
        self.wire = Wire(client)
        self.host = site.url.partition("://")[2]

    def account(self, **changed: Any) -> Account:
        told: dict[str, Any] = {
            "account": "news",
            "council": "northbeck",
            "platform": "wordpress",
            "handle": self.host,
            "base_url": self.site.url,
        }
        return Account(**{**told, **changed})

    def wordpress(self, *, password: str | None = None, **changed: Any) -> WordPressConnector:
        account = self.account(**changed)
        secrets = {} if password is None else {"username": self.site.user, "application_password": password}
        transport = self.wire.transport(account, FakeClock(datetime.now(UTC)), [password or ""])
        return WordPressConnector(account, transport, secrets)

    def editor(self) -> WordPressConnector:
        return self.wordpress(password=self.site.app_password)

    def feed(self, path: str = "/feed/") -> FeedConnector:
        account = self.account(platform="feed", base_url=f"{self.site.url}{path}")
        return FeedConnector(account, self.wire.transport(account, FakeClock(datetime.now(UTC))), {})

    def ref(self, number: int, kind: str = "post") -> RecordRef:
        record_id = f"wordpress:{self.host}:{kind}:{number}"
        return RecordRef(record_id=record_id, native_id=str(number), thread_id="", filed_at=AT)

    def threads(self, *posts: Posting) -> Threads:
        return Threads(threads=tuple(self.ref(post.id) for post in posts))


def walk(connector: Connector, stream: Stream, ask: Ask | None = None) -> list[Response]:
    account: Account = connector._account  # type: ignore[attr-defined]
    begun = Walk(walk_id="walk-1", account=account, stream=stream, ask=ask or Edge())
    return list(connector.pages(begun, nothing_held))


def read(connector: Connector, responses: Iterable[Response]) -> list[Reading]:
    return [connector.read(one) for response in responses for one in connector.exhibits(response)]


def numbers(readings: Iterable[Reading]) -> list[int]:
    return sorted(int(r.record.native_id) for r in readings if r.record is not None and r.look is not None)


def digest(connector: Connector, reading: Reading) -> bytes:
    return version(connector.digest_rules[1], reading.shape, reading.items)


@pytest.fixture
def reader(wordpress_site: WordPressSite) -> Iterator[Reader]:
    with httpx.Client(timeout=60) as client:
        yield Reader(wordpress_site, client)


@pytest.mark.parametrize("size", [1, 3, 100])
def test_posts_pages_and_comments_at_every_depth_are_read_once(reader: Reader, size: int) -> None:
    site = reader.site
    posts = [site.post(f"No {n}", f"<p>Body {n}</p>", at=AT + timedelta(hours=n)) for n in range(4)]
    page = site.page("Contact", "By post", at=AT)
    first = site.comment(posts[0], "Which day?", at=AT)
    second = site.council_comment(posts[0], "Friday", reply_to=first)
    third = site.comment(posts[0], "Thanks", reply_to=second, at=AT)
    connector = reader.wordpress()
    connector._site.page_size = size
    found = walk(connector, Stream.POSTS)
    readings = read(connector, found)
    assert numbers(readings) == sorted([page.id, *(post.id for post in posts)])
    assert {r.record.kind for r in readings if r.record} == {Kind.POST, Kind.PAGE}
    listed = found[-1].listings[0]
    assert (listed.ended, listed.reported, listed.absence_counts) == (True, 5, True)

    found = walk(connector, Stream.COMMENTS, reader.threads(*posts))
    readings = read(connector, found)
    assert set(numbers(readings)) == {first, second, third}
    told = {int(r.record.native_id): r.record for r in readings if r.record}
    assert told[third].parent_id == reader.ref(second, "comment").record_id
    assert told[first].parent_id == told[first].thread_id == reader.ref(posts[0].id).record_id
    assert (told[second].author_id, told[first].author_id) == (reader.host, None)
    ended = {one.listing: one.reported for response in found for one in response.listings if one.ended}
    assert sorted(total or 0 for total in ended.values()) == [0, 0, 0, 3]


def test_every_state_is_seen_by_the_editor_and_signing_in_is_no_edit(reader: Reader) -> None:
    site = reader.site
    post = site.post("The council's bins", 'It\'s "here" & there -- <b>now</b>', at=AT)
    trashed = site.post("Withdrawn", "For now", at=AT)
    site.comment(trashed, "Why?", at=AT)
    made = {"public": site.comment(post, "It isn't", at=AT), "held": site.comment(post, "Held", state="hold")}
    for word in ("spam", "trash"):
        made[word] = site.comment(post, f"To be {word}", at=AT)
        site.moderate_comment(made[word], word)
    site.trash(trashed)
    anybody, editor = reader.wordpress(), reader.editor()

    (public,) = read(anybody, walk(anybody, Stream.POSTS))
    states = {r.record.native_id: r for r in read(editor, walk(editor, Stream.POSTS)) if r.record and r.look}
    shown = {number: r.look.shown for number, r in states.items() if r.look}
    assert shown == {str(post.id): "public", str(trashed.id): "trash"}
    assert digest(anybody, public) == digest(editor, states[str(post.id)])

    (comment,) = read(anybody, walk(anybody, Stream.COMMENTS, reader.threads(post)))
    found = read(editor, walk(editor, Stream.COMMENTS, reader.threads(post, trashed)))
    told = {r.record.text: r.look.shown for r in found if r.record and r.look}
    assert told == {
        "It isn\u2019t": "public",
        "Held": "held",
        "To be spam": "spam",
        "To be trash": "trash",
        "Why?": "post-trashed",
    }
    same = next(r for r in found if r.record and r.record.native_id == str(made["public"]))
    assert digest(anybody, comment) == digest(editor, same)


def test_edits_are_versions_and_found_at_the_newest_edge(reader: Reader) -> None:
    site = reader.site
    post = site.post("Roadworks", "On Mnday", at=AT)
    quiet = site.post("Quiet", "x", at=AT)
    editor = reader.editor()
    found = walk(editor, Stream.POSTS)
    first = {r.record.native_id: digest(editor, r) for r in read(editor, found) if r.record}
    for text in ("On Monday", "On Tuesday"):
        site.edit(post, body=text)
    since = found[0].signpost
    assert since is not None
    edge = read(editor, walk(editor, Stream.POSTS, Edge(since=since)))
    assert str(post.id) in {r.record.native_id for r in edge if r.record}
    history = [r for r in edge if r.look is None and r.record and r.record.native_id == str(post.id)]
    assert [r.record.text for r in history if r.record] == ["On Tuesday", "On Monday"]
    live = next(r for r in edge if r.look and r.record and r.record.native_id == str(post.id))
    assert digest(editor, live) == digest(editor, history[0]) != digest(editor, history[1])
    again = {
        r.record.native_id: digest(editor, r)
        for r in read(editor, walk(editor, Stream.POSTS))
        if r.record and r.look
    }
    assert again[str(quiet.id)] == first[str(quiet.id)]
    assert again[str(post.id)] != first[str(post.id)]


def test_by_id_trashed_deleted_and_live_are_told_apart(reader: Reader) -> None:
    site = reader.site
    live, trashed, deleted = (site.post(f"No {n}", "x", at=AT) for n in range(3))
    page = site.page("About", "x", at=AT)
    held = site.comment(live, "Held", state="hold")
    gone = site.comment(live, "Gone", at=AT)
    site.trash(trashed)
    site.delete(deleted)
    site.delete_comment(gone)
    connector = reader.wordpress()
    wanted = tuple(reader.ref(one.id) for one in (trashed, deleted, page))
    found = walk(connector, Stream.POSTS, Ids(wanted=wanted, controls=(reader.ref(live.id),)))
    looks = {r.look.record_id: r.look for r in read(connector, found) if r.look}
    assert [looks[ref.record_id].answer for ref in wanted] == [Answer.REFUSED, Answer.GONE, Answer.SEEN]
    assert looks[reader.ref(live.id).record_id].answer is Answer.SEEN
    wanted = (reader.ref(held, "comment"), reader.ref(gone, "comment"))
    found = walk(connector, Stream.COMMENTS, Ids(wanted=wanted, controls=()))
    looks = {r.look.record_id: r.look for r in read(connector, found) if r.look}
    assert [(looks[ref.record_id].answer, looks[ref.record_id].shown) for ref in wanted] == [
        (Answer.REFUSED, "rest_cannot_read"),
        (Answer.GONE, "rest_comment_invalid_id"),
    ]


def test_a_restored_post_is_public_again_and_a_refused_thread_is_told(reader: Reader) -> None:
    site = reader.site
    post, other = site.post("Withdrawn", "x", at=AT), site.post("Other", "x", at=AT)
    site.comment(other, "Hello", at=AT)
    site.trash(post)
    connector = reader.wordpress()
    found = walk(connector, Stream.COMMENTS, reader.threads(post, other))
    listed = {one.listing: one for response in found for one in response.listings}
    refused, read_all = (listed[f"comments:{reader.ref(one.id).record_id}"] for one in (post, other))
    assert refused.refused is not None
    assert (read_all.ended, read_all.reported) == (True, 1)
    site.restore(post)
    assert post.id in numbers(read(connector, walk(connector, Stream.POSTS)))


def test_pictures_and_documents_are_fetched(reader: Reader) -> None:
    site = reader.site
    picture = png("bins")
    lead = site.upload_media(png("lead"), name="lead.png", mime="image/png", alt="Town hall")
    shown = site.upload_media(picture, name="bins.png", mime="image/png")
    body = f'<img src="{shown["source_url"]}" alt="Bins"/>'
    site.post("With pictures", body, at=AT, featured_media=lead["id"])
    connector = reader.wordpress()
    found = walk(connector, Stream.POSTS)
    (reading,) = read(connector, found)
    assert reading.record is not None
    assert [(m.kind, m.alt_text) for m in reading.record.media] == [("image", "Town hall"), ("image", "Bins")]
    addresses = list(connector.addresses(found[0]))
    into = BytesIO()
    assert connector.fetch(addresses[1], into).why_not is None
    assert into.getvalue() == picture


def test_a_wrong_password_and_a_lower_role_are_told(reader: Reader) -> None:
    reader.site.post("Bins", "x", at=AT)
    connector = reader.wordpress(password="abcd efgh ijkl mnop qrst uvwx")
    with pytest.raises(CredentialsRejectedError):
        connector.check()
    with pytest.raises(CredentialsRejectedError):
        walk(connector, Stream.POSTS)
    told = reader.editor().check()
    assert (told.missing, told.posts, told.comments, told.site) == ((), 1, 0, reader.host)
    with pytest.raises(StreamRefusedError):
        walk(reader.wordpress(base_url=f"{reader.site.url}/nowhere"), Stream.PROFILE)


def test_a_site_is_read_without_pretty_addresses_too(reader: Reader) -> None:
    post = reader.site.post("Bins", "x", at=AT)
    connector = reader.wordpress(options={"api": f"{reader.site.url}/?rest_route=/"})
    assert connector.check().posts == 1
    assert numbers(read(connector, walk(connector, Stream.POSTS))) == [post.id]


def test_its_feeds_give_the_same_words(reader: Reader) -> None:
    site = reader.site
    posts = [site.post(f"The council's No {n}", f"Body {n}", at=AT + timedelta(hours=n)) for n in range(12)]
    site.comment(posts[-1], "Which day?", at=AT)
    rest = reader.wordpress()
    words = {r.record.title: r.record.text for r in read(rest, walk(rest, Stream.POSTS)) if r.record}
    for path in ("/feed/", "/feed/atom/"):
        feed = reader.feed(path)
        found = walk(feed, Stream.POSTS)
        readings = read(feed, found)
        assert {r.record.title: r.record.text for r in readings if r.record} == words
        since = found[0].signpost
        assert [response.status for response in walk(feed, Stream.POSTS, Edge(since=since))] == [304]
    feed = reader.feed()
    newest = next(r.record for r in read(feed, walk(feed, Stream.POSTS)) if r.record)
    thread = RecordRef(record_id=newest.record_id, native_id=newest.native_id, thread_id="", filed_at=AT)
    found = walk(feed, Stream.COMMENTS, Threads(threads=(thread,)))
    assert [r.record.text for r in read(feed, found) if r.record and r.look] == ["Which day?"]
    assert found[-1].listings[0].reported == 1


def test_the_site_is_discovered_from_its_address(reader: Reader) -> None:
    found = discover(f"{reader.site.url}/", reader.wire.client)
    assert (found.platform, found.base_url, found.options) == ("wordpress", reader.site.url, {})
    found = discover(f"{reader.site.url}/feed/", reader.wire.client)
    assert (found.platform, found.base_url) == ("feed", f"{reader.site.url}/feed/")
