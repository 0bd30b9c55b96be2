"""A corpus of invented council entries, alike for each run, and an index of every engine to put it in."""

# ruff: noqa: RUF001, S311 -- typographic apostrophes are part of it; chance here is no secret

import hashlib
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from muniment.ports import SearchIndex
from muniment.search.answer import Hit, Order
from muniment.search.entry import Entry
from muniment.search.parse import parse
from tests.muniment.adapters.search_index.engines import ENGINES, emptied, opened

COMMON = """
the and to of for your our we is in on have be are this please bins bin collection collections
council council's councillor tax road roads pothole potholes penn school schools library libraries
park parks planning application applications housing repair repairs waste recycling missed day days
week street lights running run adding added hoping café Straße tŷ cyngor gwastraff Llanfairpwll
O'Neill don't don’t it's
""".split()  # noqa: SIM905 -- read by people
SPECIAL = """
#BinDay #BinDay! @WolvesCouncil @some.one £500 £1,500.50 £2m info@leeds.gov.uk COVID-19 fly-tipping
flytipping 9am-5pm 10:30am 1,000 24/7 👍🏽 👍 ❤️ 🇬🇧 www.wolves.gov.uk https://t.co/AbC123
wolves.gov.uk/bins https://www.wolves.gov.uk/bins-news?a=1 U.K. (bins) "missed" *collected* WV1&1SH
""".split()  # noqa: SIM905 -- read by people
PLATFORMS = ("facebook", "x", "bluesky", "mastodon", "wordpress")
FIRST_SECOND, SPAN_SECONDS = 1_577_836_800, 160_000_000


def make_text(dice: random.Random) -> str:
    words = [
        COMMON[min(int(dice.paretovariate(0.6)) - 1, len(COMMON) - 1)] for _ in range(dice.randint(2, 30))
    ]
    words += [f"{dice.choice('bcdfgklmnprst')}{dice.choice('aeiou')}{dice.randint(0, 400):x}er"]
    words += [dice.choice(SPECIAL).replace("&", " ") for _ in range(dice.randint(0, 2))]
    dice.shuffle(words)
    return " ".join(word.capitalize() if dice.random() < 0.1 else word for word in words)


def make_entries(count: int, seed: int = 7) -> tuple[Entry, ...]:
    """Return about `count` entries; about one record in ten has several versions."""
    dice = random.Random(seed)
    entries: list[Entry] = []
    while len(entries) < count:
        record = f"{dice.choice(PLATFORMS)}:{len(entries)}"
        platform = record.partition(":")[0]
        versions = dice.choice([1] * 9 + [2, 3])
        state = dice.choice(["live"] * 8 + ["hidden", "missing", "gone"])
        author = dice.randint(1, 40)
        ts = FIRST_SECOND + dice.randrange(SPAN_SECONDS)
        accounts = tuple(sorted({f"{platform}-{dice.choice('abc')}" for _ in range(dice.choice([1, 1, 2]))}))
        kind = dice.choice(["post", "comment", "comment"])
        entries += [
            Entry(
                version_id=hashlib.sha256(f"{seed}/{record}/{number}".encode()).digest(),
                record_id=record,
                platform=platform,
                accounts=accounts,
                author_id=f"u{author}",
                author_handle=f"Resident.{author}" if author % 3 else None,
                author_role="council" if kind == "post" else "public",
                kind=kind,
                series="own" if kind == "post" else "public",
                language=dice.choice(["en", "cy", None]),
                state=state,
                edited=versions > 1,
                commit_no=1,
                ts=ts,
                current=number == versions - 1,
                multi=versions > 1,
                text=make_text(dice),
            )
            for number in range(versions)
        ]
    return tuple(entries)


@pytest.fixture(scope="session")
def corpus() -> Callable[..., tuple[Entry, ...]]:
    """Return the maker of entries: `corpus(count, seed=…)`."""
    return make_entries


@pytest.fixture(scope="session", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """The engine under test: the embedded one, or a real Elasticsearch of either line."""
    return str(request.param)


@pytest.fixture
def index(engine: str, tmp_path: Path) -> Iterator[SearchIndex]:
    """An index with nothing in it of councils `borough` and `district`; a writer waits 0.2 seconds."""
    emptied(engine, "borough", "district")
    with opened(engine, tmp_path / "index", patience_seconds=0.2) as made:
        yield made


@pytest.fixture
def one(corpus: Callable[..., tuple[Entry, ...]]) -> Entry:
    return corpus(1)[0]._replace(record_id="x:1", multi=False, text="bins", ts=1_700_000_000)


@pytest.fixture
def every() -> Callable[..., tuple[Hit, ...]]:
    """Return what pages an answer to its end."""

    def all_hits(
        index: SearchIndex,
        typed: str,
        *,
        order: Order = Order.NEWEST,
        size: int = 1_000,
        council: str = "borough",
    ) -> tuple[Hit, ...]:
        query = parse(typed)
        hits: list[Hit] = []
        after = None
        while True:
            page = index.search(council, query, order=order, after=after, size=size)
            hits += page.hits
            after = page.after
            if after is None:
                return tuple(hits)

    return all_hits
