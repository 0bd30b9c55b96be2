"""What people say: sentences from the word tables with their slots filled, seeded, so alike on every run."""

from __future__ import annotations

import string
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from conformance import words_cy as cy
from conformance import words_en as en
from conformance.item import Link
from conformance.topics_en import TOPICS

if TYPE_CHECKING:
    import random

__all__ = ["Chatter"]

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
CODE = string.ascii_letters + string.digits


class Chatter:
    """A seeded source of names, links and sentences."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self._links: list[Link] = []
        self._platform = ""

    def chance(self, share: float) -> bool:
        """Return true in this share of all cases."""
        return self.rng.random() < share

    def name(self) -> str:
        """Return a resident's name."""
        return f"{self.rng.choice(en.FIRST_NAMES)} {self.rng.choice(en.LAST_NAMES)}"

    def post(self, platform: str, topic: str, at: datetime, *, welsh: bool) -> tuple[str, str, list[Link]]:
        """Return a council post's text, its language and its short links."""
        if welsh and topic in cy.TOPICS_CY:
            return self._told(platform, self.rng.choice(cy.TOPICS_CY[topic][0]), at, "cy")
        return self._told(platform, self.rng.choice(TOPICS[topic][0]), at, "en")

    def article(self, topic: str, at: datetime, *, welsh: bool) -> tuple[str, str, str, list[Link]]:
        """Return a blog post: title, text of several paragraphs, language, links."""
        text, language, links = self.post("wordpress", topic, at, welsh=welsh)
        more = [
            self._told("wordpress", each, at, "en")
            for each in self.rng.sample(en.PARAGRAPHS, self.rng.randint(1, 4))
        ]
        title = text.split(": ")[0].split(". ")[0].rstrip(".!?")
        body = "\n\n".join([text, *(each[0] for each in more)])
        return title, body, language, [*links, *(link for each in more for link in each[2])]

    def comment(self, platform: str, topic: str, at: datetime, *, welsh: bool) -> tuple[str, str, list[Link]]:
        """Return what a resident says under a post on this topic."""
        rng = self.rng
        if welsh and topic in cy.TOPICS_CY:
            pool = cy.TOPICS_CY[topic][1] if self.chance(0.6) else cy.GENERAL_CY
            return self._told(platform, rng.choice(pool), at, "cy")
        pool = TOPICS[topic][1] if self.chance(0.72) else en.GENERAL
        text = rng.choice(pool)
        opener, closer = rng.choice(en.OPENERS), rng.choice(en.CLOSERS)
        if opener and not text.startswith(("I ", "I'", "{", "20", "FOI")):
            text = text[0].lower() + text[1:]
        stop = "." if closer[1:2].isupper() and text[-1] not in ".!?" else ""
        return self._told(platform, opener + text + stop + closer, at, "en")

    def answer(self, platform: str, topic: str, at: datetime, *, welsh: bool) -> tuple[str, str, list[Link]]:
        """Return what the council answers a resident."""
        if welsh:
            return self._told(platform, self.rng.choice(cy.REPLIES_CY), at, "cy")
        pool = TOPICS[topic][2] if self.chance(0.6) else en.REPLIES
        return self._told(platform, self.rng.choice(pool), at, "en")

    def abuse(self, at: datetime) -> str:
        """Return something rude enough to be hidden."""
        return self._told("", self.rng.choice(en.ABUSE), at, "en")[0]

    def spam(self, at: datetime) -> str:
        """Return something nobody asked for."""
        return self._told("", self.rng.choice(en.SPAM), at, "en")[0]

    def corrected(self, text: str, at: datetime) -> str:
        """Return a council post as its author corrects it."""
        return self.rng.choice(en.CORRECTIONS).format(text=text, time=f"{at:%H:%M}")

    def _told(self, platform: str, template: str, at: datetime, language: str) -> tuple[str, str, list[Link]]:
        self._links = []
        self._platform = platform
        rng = self.rng
        text = template.format(
            road=rng.choice(en.ROADS),
            town=rng.choice(en.TOWNS),
            place=rng.choice(en.PLACES),
            postcode=f"ZX{rng.randint(1, 19)} {rng.randint(1, 9)}{rng.choice('ABDEF')}{rng.choice('PQRST')}",
            day=rng.choice(DAYS),
            date=f"{at + timedelta(days=rng.randint(2, 40)):%-d %B}",
            time=f"{rng.randint(7, 21)}:{rng.choice(('00', '15', '30', '45'))}",
            n=rng.randint(2, 60),
            big=f"{rng.randint(100, 9000):,}",
            money=f"£{rng.randint(20, 400)}",
            ref=f"{at:%y}/{rng.randint(100, 9999):04d}",
            phone=f"01632 960{rng.randint(100, 999)}",
            name=self.name(),
            url=self._url() if "{url}" in template else "",
        )
        return text, language, self._links

    def _url(self) -> str:
        rng = self.rng
        page = rng.choice(("news", "report-it", "services", "consultations", "bins", "roads", "council-tax"))
        target = f"https://www.caerwold.example/{page}/{rng.randint(100, 9999)}"
        if self._platform == "x":
            url = "https://t.co/" + "".join(rng.choices(CODE, k=10))
        elif self.chance(0.4):
            url = "https://bit.ly/" + "".join(rng.choices(CODE, k=7))
        else:
            return target
        self._links.append(Link(url=url, target=target))
        return url
