"""The sandbox borough: Caerwold, which no map shows, and its accounts of every kind that councils have.

Corporate, departmental, campaign and partnership accounts, services shared with another council, and members'
own accounts that the council has decided to archive.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

__all__ = ["ACCOUNTS", "COUNCIL", "PARTNER", "BoroughAccount"]

COUNCIL = "Caerwold Borough Council"
PARTNER = "Estwich District Council"

CORPORATE = (
    "bins",
    "roads",
    "tax",
    "floods",
    "libraries",
    "planning",
    "elections",
    "housing",
    "events",
    "climate",
)


@dataclass(frozen=True, slots=True)
class BoroughAccount:
    """One account of the council.

    Attributes:
        weight: Its share of all posts, relative to the others.
        kind: corporate, departmental, campaign, partnership, shared or member.
        welsh: Share of posts in Welsh.
    """

    platform: str
    handle: str
    name: str
    kind: str
    service: str
    topics: tuple[str, ...]
    weight: float
    opened_on: date
    closed_on: date | None = None
    partner: str | None = None
    welsh: float = 0.04


def _on(year: int, month: int = 5) -> date:
    return date(year, month, 9)


ACCOUNTS: tuple[BoroughAccount, ...] = (
    BoroughAccount("x", "CaerwoldBC", COUNCIL, "corporate", "Communications", CORPORATE, 9, _on(2010)),
    BoroughAccount(
        "x", "CaerwoldBins", "Caerwold Waste & Recycling", "departmental", "Waste", ("bins",), 4, _on(2016)
    ),
    BoroughAccount(
        "x",
        "CaerwoldRoads",
        "Caerwold Highways",
        "departmental",
        "Highways",
        ("roads", "floods"),
        4,
        _on(2015),
    ),
    BoroughAccount(
        "x", "CaerwoldLibs", "Caerwold Libraries", "departmental", "Libraries", ("libraries",), 2, _on(2014)
    ),
    BoroughAccount(
        "x", "CaerwoldPlan", "Caerwold Planning", "departmental", "Planning", ("planning",), 1.5, _on(2018)
    ),
    BoroughAccount(
        "x",
        "LoveCaerwold",
        "Love Caerwold Streets",
        "campaign",
        "Waste",
        ("bins", "climate"),
        1,
        _on(2023),
        _on(2025, 9),
    ),
    BoroughAccount(
        "x",
        "CaerwoldCSP",
        "Caerwold Community Safety",
        "partnership",
        "Community Safety",
        ("roads", "events"),
        1,
        _on(2017),
    ),
    BoroughAccount(
        "x",
        "CWEbuilding",
        "Building Control",
        "shared",
        "Building Control",
        ("planning",),
        0.6,
        _on(2019),
        None,
        PARTNER,
    ),
    BoroughAccount(
        "x", "CllrMarenPryce", "Cllr Maren Pryce", "member", "Leader", ("tax", "events"), 1, _on(2021)
    ),
    BoroughAccount(
        "facebook", "CaerwoldCouncil", COUNCIL, "corporate", "Communications", CORPORATE, 8, _on(2011)
    ),
    BoroughAccount(
        "facebook",
        "CyngorCaerwold",
        "Cyngor Caerwold",
        "corporate",
        "Communications",
        CORPORATE,
        3,
        _on(2018),
        welsh=1.0,
    ),
    BoroughAccount(
        "facebook", "CaerwoldBinDay", "Caerwold Bin Day", "departmental", "Waste", ("bins",), 4, _on(2017)
    ),
    BoroughAccount(
        "facebook", "CaerwoldHomes", "Caerwold Homes", "departmental", "Housing", ("housing",), 3, _on(2015)
    ),
    BoroughAccount(
        "facebook",
        "CaerwoldLibraries",
        "Caerwold Libraries",
        "departmental",
        "Libraries",
        ("libraries",),
        2.5,
        _on(2013),
    ),
    BoroughAccount(
        "facebook", "CaerwoldMuseum", "Castle Museum", "departmental", "Culture", ("events",), 1.5, _on(2014)
    ),
    BoroughAccount(
        "facebook",
        "HopebridgeLeisure",
        "Hopebridge Leisure Centre",
        "departmental",
        "Leisure",
        ("events",),
        2,
        _on(2012),
    ),
    BoroughAccount(
        "facebook",
        "WeirPark",
        "Weir Country Park",
        "departmental",
        "Countryside",
        ("climate", "events"),
        1.5,
        _on(2016),
    ),
    BoroughAccount(
        "facebook",
        "CaerwoldMarkets",
        "Caerwold Markets",
        "departmental",
        "Markets",
        ("events",),
        1,
        _on(2018),
    ),
    BoroughAccount(
        "facebook", "MarlbyYouth", "Marlby Youth Centre", "departmental", "Youth", ("events",), 0.5, _on(2019)
    ),
    BoroughAccount(
        "facebook",
        "LlanweirYouth",
        "Llanweir Youth Centre",
        "departmental",
        "Youth",
        ("events",),
        0.5,
        _on(2019),
    ),
    BoroughAccount(
        "facebook",
        "RecycleRightCW",
        "Recycle Right",
        "campaign",
        "Waste",
        ("bins",),
        1,
        _on(2023),
        _on(2025, 3),
    ),
    BoroughAccount(
        "facebook",
        "SaferCaerwold",
        "Safer Caerwold",
        "partnership",
        "Community Safety",
        ("roads", "events"),
        1,
        _on(2017),
    ),
    BoroughAccount(
        "facebook",
        "BorderBuilding",
        "Border Building Control",
        "shared",
        "Building Control",
        ("planning",),
        0.5,
        _on(2019),
        None,
        PARTNER,
    ),
    BoroughAccount(
        "facebook",
        "CllrIdrisVaughan",
        "Cllr Idris Vaughan",
        "member",
        "Opposition",
        ("roads", "tax"),
        1,
        _on(2022),
    ),
    BoroughAccount(
        "bluesky", "caerwold.example", COUNCIL, "corporate", "Communications", CORPORATE, 4, _on(2024)
    ),
    BoroughAccount(
        "bluesky",
        "libraries.caerwold.example",
        "Caerwold Libraries",
        "departmental",
        "Libraries",
        ("libraries",),
        1.5,
        _on(2024),
    ),
    BoroughAccount(
        "bluesky",
        "netzero.caerwold.example",
        "Caerwold Net Zero",
        "campaign",
        "Climate",
        ("climate",),
        1,
        _on(2024, 8),
    ),
    BoroughAccount(
        "bluesky",
        "votes.caerwold.example",
        "Caerwold Elections",
        "departmental",
        "Elections",
        ("elections",),
        0.6,
        _on(2024, 11),
    ),
    BoroughAccount(
        "bluesky",
        "marenpryce.example",
        "Maren Pryce",
        "member",
        "Leader",
        ("tax", "roads"),
        0.6,
        _on(2024, 12),
    ),
    BoroughAccount("mastodon", "caerwold", COUNCIL, "corporate", "Communications", CORPORATE, 3, _on(2023)),
    BoroughAccount(
        "mastodon",
        "digital",
        "Caerwold Digital Team",
        "departmental",
        "Digital",
        ("planning", "climate"),
        1,
        _on(2023),
    ),
    BoroughAccount(
        "mastodon",
        "wildlife",
        "Caerwold Wildlife",
        "partnership",
        "Countryside",
        ("climate",),
        0.8,
        _on(2023, 10),
    ),
    BoroughAccount(
        "wordpress", "news", "Caerwold News", "corporate", "Communications", CORPORATE, 4, _on(2019)
    ),
    BoroughAccount(
        "wordpress",
        "planning-blog",
        "Planning Matters",
        "departmental",
        "Planning",
        ("planning",),
        1,
        _on(2021),
    ),
    BoroughAccount(
        "wordpress", "museum-blog", "From the Stores", "departmental", "Culture", ("events",), 0.8, _on(2020)
    ),
    BoroughAccount(
        "wordpress", "netzero", "Net Zero Caerwold", "campaign", "Climate", ("climate",), 0.8, _on(2022)
    ),
    BoroughAccount(
        "wordpress",
        "youth-voice",
        "Youth Voice",
        "partnership",
        "Youth",
        ("events", "housing"),
        0.4,
        _on(2022),
    ),
    BoroughAccount(
        "wordpress",
        "have-your-say",
        "Have Your Say",
        "departmental",
        "Policy",
        ("planning", "tax", "roads"),
        1,
        _on(2021),
    ),
    BoroughAccount(
        "wordpress", "housing-blog", "Home Truths", "departmental", "Housing", ("housing",), 0.6, _on(2022)
    ),
    BoroughAccount(
        "feed",
        "chief-executive",
        "The Chief Executive's Blog",
        "corporate",
        "Chief Executive",
        ("tax", "events"),
        0.6,
        _on(2022),
    ),
)
