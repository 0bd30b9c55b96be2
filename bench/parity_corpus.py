"""Entries for parity: invented ones with every field in use, and paragraphs of real text.

The real text is what the installed packages say of themselves (the long descriptions in their metadata):
English, code, addresses, lists and signs that nobody invented for a test. None of it is kept here.
"""

# ruff: noqa: S311, RUF001 -- a corpus, no secret, with apostrophes as people type them

import hashlib
import random
import re
from collections.abc import Iterator
from importlib.metadata import distributions
from typing import Any, Final, cast

from bench.corpus import Language, make_text
from muniment.search.entry import Entry

__all__ = ["invented", "real"]

_PLATFORMS: Final = ("facebook", "x", "bluesky", "mastodon", "wordpress")
_CLASSES: Final = (None, None, "complaint", "news", "enquiry")
_STATES: Final = (*["live"] * 16, "hidden", "missing", "gone")
_FIRST_SECOND, _SPAN_SECONDS = 1_577_836_800, 160_000_000
_SPECIAL: Final = (
    *("#BinDay", "#bins", "@WolvesCouncil", "@some.one", "£500", "£1,500.50", "£2m", "info@leeds.gov.uk"),
    *("COVID-19", "fly-tipping", "flytipping", "bus-stop", "9am-5pm", "10:30am", "12/03/2023", "24/7"),
    *("👍🏽", "👍", "❤️", "🇬🇧", "👏🏽", "www.wolves.gov.uk", "https://t.co/AbC123", "wolves.gov.uk/bins"),
    *("U.K.", "don’t", "council's", "O'Neill", "Straße", "école", "Llanfairpwll", "WV1 1SH", "WV11SH"),
    *("of the of the", "missed bin", "cuoncil", "up-to-date", "it’s", "café", "tŷ", "a\\b", "(x)"),
)


def invented(count: int, *, seed: int = 1) -> Iterator[Entry]:
    """Yield so many entries; one record in twelve has several versions. The same seed gives the same."""
    dice = random.Random(seed)
    language = Language(dice)
    made = 0
    while made < count:
        platform = dice.choice(_PLATFORMS)
        versions = min(dice.choice((1,) * 11 + (dice.choice((2, 2, 3, 4)),)), count - made)
        author = int(dice.paretovariate(0.5)) % 5_000
        seen_by = {f"{platform}-{dice.choice('abcd')}" for _ in range(dice.choice((1, 1, 1, 2)))}
        own = dice.random() < 0.2
        edited = versions > 1
        whole = Entry(
            version_id=b"",
            record_id=f"{platform}:{seed}-{made}",
            platform=platform,
            accounts=tuple(sorted(seen_by)),
            author_id=f"u{author}",
            author_handle=f"Resident.{author}" if author % 3 else None,
            author_role="council" if own else "public",
            kind="post" if own else "comment",
            series="own" if own else "public",
            language=dice.choice(("en", "en", "cy", None)),
            state=dice.choice(_STATES),
            edited=edited,
            commit_no=1,
            ts=_FIRST_SECOND + dice.randrange(_SPAN_SECONDS),
            current=False,
            multi=edited,
            text="",
            record_class=dice.choice(_CLASSES),
        )
        for number in range(versions):
            text = make_text(dice, language)
            if dice.random() < 0.15:
                text = f"{text} {dice.choice(_SPECIAL)}"
            yield whole._replace(
                version_id=_version(whole.record_id, number), current=number == versions - 1, text=text
            )
        made += versions


def real(count: int) -> Iterator[Entry]:
    """Yield paragraphs of the installed packages' descriptions, at most so many, as posts of a feed."""
    seen: set[str] = set()
    for package in sorted(distributions(), key=lambda one: one.metadata["Name"] or ""):
        told = package.metadata["Description"] or cast("Any", package.metadata).get_payload()
        for paragraph in re.split(r"\n\s*\n", str(told)):
            text = paragraph.strip()
            if len(text) < 20 or text in seen:
                continue
            if len(seen) == count:
                return
            seen.add(text)
            record = f"feed:{len(seen)}"
            yield Entry(
                version_id=_version(record, 0),
                record_id=record,
                platform="feed",
                accounts=("feed-a",),
                author_id=None,
                author_handle=None,
                author_role="council",
                kind="post",
                series="own",
                language="en",
                state="live",
                edited=False,
                commit_no=1,
                ts=_FIRST_SECOND + len(seen) * 3_600,
                current=True,
                multi=False,
                text=text,
            )


def _version(record: str, number: int) -> bytes:
    return hashlib.sha256(f"{record}/{number}".encode()).digest()
