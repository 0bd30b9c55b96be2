"""A corpus of a council's Facebook comments as Graph serves them: pages of 100, about 1.8 kB an item.

Words follow a Zipf law over a long invented tail, so rare words, common ones and everything between occur;
mixed in are handles, tags, addresses, postcodes, money, emoji and Welsh. Council, people and links are
invented. The same seed gives the same pages. Threads come newest first, as a backfill meets them.
"""

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

__all__ = ["PAGE_ID", "PAGE_ITEMS", "Language", "Page", "make_text", "pages"]

PAGE_ID: Final = "104206589142365"
PAGE_ITEMS: Final = 100
_PAGES_OF_A_THREAD: Final = 4
_NEWEST: Final = datetime(2026, 10, 1, tzinfo=UTC)
_BETWEEN_THREADS: Final = timedelta(days=11)
_RESIDENTS: Final = 40_000
_TAIL: Final = 30_000
_COMMON: Final = tuple(
    word
    for line in (
        "the to and a of in is it you that for on are have with be this not at we they my was as but so",
        "what all can do your there just up get no when if out or like from me one has our will about them",
        "been how an more would their who now time know people by good see need please thanks why council",
        "road street bins bin collection tax park parking school library house housing planning pothole",
        "flood water rubbish recycling garden waste lights traffic bus centre town village field path dog",
        "week again still never always someone money pay work works done open closed today tomorrow year",
    )
    for word in line.split()
)
_WELSH: Final = ("diolch", "bore da", "Cyngor", "gwastraff", "ysgol", "croeso", "ffordd", "tŷ", "llyfrgell")
_EMOJI: Final = ("👍", "😡", "❤️", "😂", "👏🏽", "🙏", "🚮")
_ONSETS: Final = (
    "b",
    "br",
    "c",
    "cl",
    "d",
    "f",
    "g",
    "gr",
    "h",
    "k",
    "l",
    "m",
    "n",
    "p",
    "r",
    "s",
    "st",
    "t",
)
_VOWELS: Final = ("a", "e", "i", "o", "u", "ea", "ai", "oo")
_CODAS: Final = ("", "", "n", "r", "s", "t", "ck", "m", "ll")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One answer of `/{post}/comments`: the body's bytes, and whether it ends its thread's list."""

    post_id: str
    number: int
    body: bytes
    ended: bool


def pages(records: int, *, seed: int = 1) -> Iterator[Page]:
    """Yield pages of 100 comments until there are so many."""
    dice = random.Random(seed)  # noqa: S311  # a corpus, no secret
    language = Language(dice)
    count = -(-records // PAGE_ITEMS)
    for number in range(count):
        thread, place = divmod(number, _PAGES_OF_A_THREAD)
        post_id = f"{PAGE_ID}_{800_000_000_000_000 - thread * 7_919}"
        at = _NEWEST - thread * _BETWEEN_THREADS
        items = [
            _comment(dice, language, post_id, number * PAGE_ITEMS + index, at) for index in range(PAGE_ITEMS)
        ]
        ended = place == _PAGES_OF_A_THREAD - 1 or number == count - 1
        body = msgspec.json.encode({"data": items, **_paging(dice, post_id, ended=ended)})
        yield Page(post_id=post_id, number=number, body=body, ended=ended)


class Language:
    """A Zipf vocabulary: common words first, then an invented tail."""

    def __init__(self, dice: random.Random) -> None:
        tail: dict[str, None] = {}
        while len(tail) < _TAIL:
            syllables = dice.choice((2, 2, 3))
            word = "".join(
                dice.choice(_ONSETS) + dice.choice(_VOWELS) + dice.choice(_CODAS) for _ in range(syllables)
            )
            tail[word] = None
        self.words = (*_COMMON, *tail)
        weights = (1 / (rank + 7) ** 1.15 for rank in range(len(self.words)))
        self._cumulative = list(itertools.accumulate(weights))

    def sentence(self, dice: random.Random) -> str:
        length = min(3 + int(dice.lognormvariate(2.55, 0.65)), 62)
        words = dice.choices(self.words, cum_weights=self._cumulative, k=length)
        return " ".join(words).capitalize()


def make_text(dice: random.Random, language: Language) -> str:
    parts = [language.sentence(dice)]
    roll = dice.random()
    if roll < 0.10:
        parts.append(f"#{dice.choice(language.words).capitalize()}{dice.choice(language.words).capitalize()}")
    elif roll < 0.18:
        parts.append(f"https://www.caerwold.example/{dice.choice(language.words)}-report")
    elif roll < 0.24:
        parts.append(f"at CW{dice.randrange(1, 20)} {dice.randrange(1, 10)}AB")
    elif roll < 0.29:
        parts.append(f"£{dice.randrange(2, 4000):,}")
    elif roll < 0.36:
        parts.append(" ".join(dice.choices(_WELSH, k=4)))
    if dice.random() < 0.25:
        parts.append(dice.choice(_EMOJI))
    return f"{', '.join(parts)}{dice.choice(('', '', '.', '!', '?'))}"


def _comment(
    dice: random.Random, language: Language, post_id: str, number: int, at: datetime
) -> dict[str, Any]:
    post = post_id.partition("_")[2]
    own = str(300_000_000_000_000 + number * 3)
    resident = int(dice.paretovariate(0.35)) % _RESIDENTS
    name = f"Resident {resident}"
    created = at + timedelta(seconds=dice.randrange(3 * 86_400))
    item: dict[str, Any] = {
        "id": f"{post}_{own}",
        "object": {"id": post_id},
        "created_time": created.strftime("%Y-%m-%dT%H:%M:%S+0000"),
        "from": {"id": str(7_000_000_000 + resident), "name": name},
        "message": make_text(dice, language),
        "message_tags": [
            {"id": PAGE_ID, "length": 8, "name": "Caerwold Borough Council", "offset": 0, "type": "page"}
        ],
        "attachment": _card(dice, language),
        "is_hidden": dice.random() < 0.01,
        "is_private": False,
        "like_count": min(int(dice.paretovariate(0.9)) - 1, 5_000),
        "comment_count": 0,
        "permalink_url": f"https://www.facebook.com/caerwold/posts/{post}?comment_id={own}",
        "application": {"category": "Business", "name": "Facebook for iPhone", "id": "6628568379"},
    }
    if number % 4 == 0:
        item["parent"] = {"id": f"{post}_{300_000_000_000_000 + max(number - 3, 0) * 3}"}
    return item


def _card(dice: random.Random, language: Language) -> dict[str, Any]:
    """Return the preview of a page elsewhere: it fills the item as a photo would, and no file is fetched."""
    words = dice.choices(language.words[200:], k=6)
    signature = f"{dice.getrandbits(400):x}"
    target = f"https://news.caerwold.example/{words[0]}/{'-'.join(words)}"
    quoted = target.replace(":", "%3A").replace("/", "%2F")
    return {
        "type": "share",
        "title": " ".join(words).capitalize(),
        "description": language.sentence(dice),
        "url": f"https://l.facebook.com/l.php?u={quoted}&h={signature[:90]}",
        "unshimmed_url": target,
        "target": {"url": target},
        "media": {
            "image": {
                "height": 720,
                "width": 720,
                "src": f"https://external.xx.fbcdn.example/emg1/v/t13/{dice.getrandbits(60)}"
                f"?url={quoted}&fb_obo=1&utld=example"
                f"&stp=c0.5000x0.5000f_dst-jpg_flffffff_p720x720_q75_tt6&_nc_oc={signature}"
                f"&ccb=13-1&oh=06_{signature[:32]}&oe=6{dice.getrandbits(28):07X}&_nc_sid=867500",
            }
        },
    }


def _paging(dice: random.Random, post_id: str, *, ended: bool) -> dict[str, Any]:
    after = f"{dice.getrandbits(300):x}"
    cursors = {"before": after[::-1], "after": after}
    summary = {"order": "chronological", "total_count": PAGE_ITEMS * _PAGES_OF_A_THREAD, "can_comment": True}
    if ended:
        return {"paging": {"cursors": cursors}, "summary": summary}
    onward = f"https://graph.facebook.com/v26.0/{post_id}/comments?access_token=***&limit=100&after={after}"
    return {"paging": {"cursors": cursors, "next": onward}, "summary": summary}
