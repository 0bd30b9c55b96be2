"""Council words in English and Welsh, and how a Welsh word's first letter changes within a sentence.

For suggestions only: an officer accepts or declines each, and only what the corpus holds is ever suggested.
Words are written as tokens are: without capitals and accents.
"""

from collections.abc import Iterator
from typing import Final

__all__ = ["IRREGULAR", "PAIRS", "mutated"]

PAIRS: Final = (
    (("bin", "bins"), ("bin", "biniau")),
    (("rubbish", "waste"), ("gwastraff", "sbwriel")),
    (("recycling",), ("ailgylchu",)),
    (("council",), ("cyngor",)),
    (("councillor",), ("cynghorydd",)),
    (("council tax",), ("treth y cyngor", "treth gyngor")),
    (("tax",), ("treth",)),
    (("flood", "flooding"), ("llifogydd", "llif")),
    (("road",), ("ffordd", "heol")),
    (("roads",), ("ffyrdd", "heolydd")),
    (("street",), ("stryd",)),
    (("school",), ("ysgol",)),
    (("schools",), ("ysgolion",)),
    (("housing",), ("tai",)),
    (("house",), ("ty",)),
    (("planning",), ("cynllunio",)),
    (("parking",), ("parcio",)),
    (("library",), ("llyfrgell",)),
    (("leisure",), ("hamdden",)),
    (("park",), ("parc",)),
    (("car park",), ("maes parcio",)),
    (("bus",), ("bws", "bysiau")),
    (("transport",), ("trafnidiaeth", "cludiant")),
    (("complaint",), ("cwyn",)),
    (("complaints",), ("cwynion",)),
    (("consultation",), ("ymgynghoriad",)),
    (("meeting",), ("cyfarfod",)),
    (("election",), ("etholiad",)),
    (("benefit", "benefits"), ("budd-dal", "budd-daliadau")),
    (("social care",), ("gofal cymdeithasol",)),
    (("care",), ("gofal",)),
    (("health",), ("iechyd",)),
    (("children",), ("plant",)),
    (("litter",), ("sbwriel",)),
    (("fly-tipping",), ("tipio anghyfreithlon",)),
    (("pothole",), ("twll",)),
    (("potholes",), ("tyllau",)),
    (("snow",), ("eira",)),
    (("weather",), ("tywydd",)),
    (("job", "jobs"), ("swydd", "swyddi")),
    (("help",), ("cymorth", "help")),
    (("free",), ("am ddim",)),
    (("closed",), ("ar gau",)),
    (("open",), ("ar agor",)),
    (("news",), ("newyddion",)),
    (("budget",), ("cyllideb",)),
    (("community",), ("cymuned",)),
    (("town",), ("tref",)),
    (("county",), ("sir",)),
    (("language",), ("iaith",)),
    (("welsh",), ("cymraeg",)),
)
"""What stands on one side may be said by any word of the other."""

IRREGULAR: Final = (
    ("child", "children"),
    ("person", "people"),
    ("man", "men"),
    ("woman", "women"),
    ("foot", "feet"),
    ("mouse", "mice"),
    ("leaf", "leaves"),
    ("shelf", "shelves"),
    ("life", "lives"),
    ("wife", "wives"),
    ("thief", "thieves"),
    ("half", "halves"),
    ("bus", "buses"),
)
"""English plurals that stemming does not bring together."""

# Soft, nasal and aspirate, longest beginning first: "ll" before "l" would be.
_MUTATIONS: Final = (
    ("ll", ("l",)),
    ("rh", ("r",)),
    ("p", ("b", "mh", "ph")),
    ("t", ("d", "nh", "th")),
    ("c", ("g", "ngh", "ch")),
    ("b", ("f", "m")),
    ("d", ("dd", "n")),
    ("g", ("", "ng")),
    ("m", ("f",)),
)


def mutated(word: str) -> Iterator[str]:
    """Yield the mutated forms of a Welsh word: `cyngor` gives gyngor, nghyngor, chyngor."""
    for beginning, others in _MUTATIONS:
        if word.startswith(beginning) and not word.startswith(("ch", "dd", "ph", "th")):
            yield from (other + word[len(beginning) :] for other in others)
            return
