"""The calendar picture of coverage: one row for each account, one square for each day, as SVG.

Colour alone says nothing: a blind day is hatched, and each square has its words for a screen reader.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from html import escape
from typing import Final

from muniment.domain.completeness import AccountCoverage

__all__ = ["calendar_svg"]

_CELL: Final = 11
_LEFT: Final = 250
_LETTER: Final = 9  # how wide a letter of the title is, at most
_LONGEST_NAME: Final = 38
_TOP: Final = 56
_STYLE: Final = (
    "text{font:11px Arial,sans-serif;fill:#0b0c0c}"
    ".seen{fill:#00703c}.part{fill:#ffdd00}.blind{fill:url(#hatch)}.h{font-size:15px;font-weight:bold}"
)
_HATCH: Final = (
    '<defs><pattern id="hatch" width="4" height="4" patternUnits="userSpaceOnUse">'
    '<rect width="4" height="4" fill="#d4351c"/><path d="M0 4L4 0" stroke="#fff" stroke-width="1"/>'
    "</pattern></defs>"
)


def calendar_svg(council: str, accounts: Sequence[AccountCoverage]) -> str:
    """Return the picture, from the first day of any account to the last; each has squares for its own."""
    days = sorted({day.on for account in accounts for day in account.days})
    title = f"{council}: days seen, and days on which we were blind"
    width = max(_LEFT + max(len(days), 30) * _CELL + 20, 30 + _LETTER * len(title))
    height = _TOP + len(accounts) * _CELL + 40
    lines = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" role="img" '
            f'aria-label="Days on which {escape(council)} was captured">'
        ),
        f"<style>{_STYLE}</style>{_HATCH}",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        f'<text class="h" x="10" y="22">{escape(title)}</text>',
    ]
    lines += _months(days)
    for row, account in enumerate(accounts):
        lines += _row(row, account, {on: at for at, on in enumerate(days)})
    lines += _legend(_TOP + len(accounts) * _CELL + 22)
    lines.append("</svg>")
    return "\n".join(lines) + "\n"


def _months(days: Sequence[date]) -> list[str]:
    return [
        f'<text x="{_LEFT + at * _CELL}" y="{_TOP - 6}">{on:%b %Y}</text>'
        for at, on in enumerate(days)
        if on.day == 1 or (at == 0 and on.day < 20)  # noqa: PLR2004 -- room for the next label
    ]


def _row(row: int, account: AccountCoverage, columns: Mapping[date, int]) -> list[str]:
    y = _TOP + row * _CELL
    name = account.account
    told = name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
    lines = [f'<text x="10" y="{y + 9}">{escape(told)}</text>']
    for day in account.days:
        style = "seen" if not day.blind else "blind" if day.blind > 0.5 else "part"  # noqa: PLR2004 -- half a day
        why = f", blind {day.blind:.0%}: {', '.join(day.reasons)}" if day.blind else ", seen"
        lines.append(
            f'<rect class="{style}" x="{_LEFT + columns[day.on] * _CELL}" y="{y}" '
            f'width="{_CELL - 1}" height="{_CELL - 1}">'
            f"<title>{escape(account.account)}, {day.on:%-d %B %Y}{why}</title></rect>"
        )
    return lines


def _legend(y: int) -> list[str]:
    words = (("seen", "seen"), ("part", "blind for less than half the day"), ("blind", "blind"))
    lines: list[str] = []
    x = _LEFT
    for style, text in words:
        lines.append(f'<rect class="{style}" x="{x}" y="{y - 9}" width="10" height="10"/>')
        lines.append(f'<text x="{x + 15}" y="{y}">{text}</text>')
        x += 40 + 6 * len(text)
    return lines
