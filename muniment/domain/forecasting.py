"""What falls due, month by month: a table, and a chart for the committee's report."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from muniment.domain.columns import certain, day_number, grouped, words_of
from muniment.domain.disposal import DisposalPlan, Why
from muniment.domain.retention import Action

__all__ = ["Month", "forecast", "forecast_svg"]

_ENDS: Final = (Action.DESTROY.value, Action.ANONYMISE.value, Action.REVIEW.value, Action.TRANSFER.value)
_BAR: Final = 26
_LEFT: Final = 80
_TOP: Final = 44
_HEIGHT: Final = 240
_STYLE: Final = (
    "text{font:11px Arial,sans-serif;fill:#0b0c0c}.h{font-size:15px;font-weight:bold}"
    ".destroy{fill:#d4351c}.review{fill:#1d70b8}.transfer{fill:#00703c}.held{fill:url(#hatch)}"
)
_LETTER: Final = 9  # how wide a letter of the title is, at most
_LEGEND_WIDTH: Final = 640
_HATCH: Final = (
    '<defs><pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse">'
    '<rect width="5" height="5" fill="#b1b4b6"/><path d="M0 5L5 0" stroke="#0b0c0c" stroke-width="1"/>'
    "</pattern></defs>"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """What falls due in a month, by what happens then; `held`: of all these, how many a hold stops today.

    The first month has what is due already. Records are counted in the month of the next thing that happens
    to them, by their own class: a comment may wait longer, for the rest of its thread.
    """

    first_day: date
    destroy: int
    review: int
    transfer: int
    held: int

    @property
    def all(self) -> int:
        """All that falls due in it."""
        return self.destroy + self.review + self.transfer


def forecast(plan: DisposalPlan, *, months: int = 24) -> tuple[Month, ...]:
    """Return the months from that of the plan's day on, those with nothing due too."""
    items, today = plan.items, plan.as_of
    due, review = (items[name].combine_chunks().cast(pa.int32()) for name in ("due_from", "review_on"))
    why = words_of(items, "why")
    reviewed = pc.and_(pc.is_valid(review), pc.or_(pc.is_null(due), certain(pc.less(review, due))))
    action = words_of(items, "action")
    of_review = pc.if_else(pc.equal(action, Action.TRANSFER.value), action, Action.REVIEW.value)
    what = pc.if_else(reviewed, of_review, action)
    now = pa.scalar(day_number(today), pa.int32())
    day = pc.max_element_wise(pc.if_else(reviewed, review, due), now).cast(pa.date32())
    ends = pc.and_(pc.or_(pc.is_valid(due), pc.is_valid(review)), pc.is_in(what, pa.array(_ENDS)))
    over = pc.is_in(why, pa.array([Why.TRANSFERRED.value, Why.UNDERWAY.value]))
    table = pa.table(
        {
            "month": pc.add(pc.multiply(pc.year(day), 12), pc.subtract(pc.month(day), 1)),
            "what": what,
            "held": certain(pc.equal(why, Why.HELD.value)),
        }
    ).filter(pc.and_(ends, pc.invert(over)))
    rows = grouped(table, ["month", "what", "held"], [([], "count_all")]).to_pylist()
    start = today.year * 12 + today.month - 1
    found: list[Month] = []
    for at in range(start, start + months):
        here = [row for row in rows if row["month"] == at]
        counts = {
            name: sum(row["count_all"] for row in here if row["what"] in names)
            for name, names in (
                ("destroy", ("destroy", "anonymise")),
                ("review", ("review",)),
                ("transfer", ("transfer",)),
            )
        }
        held = sum(row["count_all"] for row in here if row["held"])
        found.append(Month(first_day=date(at // 12, at % 12 + 1, 1), held=held, **counts))
    return tuple(found)


def forecast_svg(council: str, months: Sequence[Month]) -> str:
    """Return the chart: a bar a month, in parts; each part has its words for a screen reader."""
    most = max((month.all for month in months), default=0) or 1
    title = f"{council}: records that fall due, by month"
    width = max(_LEFT + len(months) * _BAR + 30, _LEGEND_WIDTH, 30 + _LETTER * len(title))
    height = _TOP + _HEIGHT + 70
    lines = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" role="img" '
            f'aria-label="Records of {escape(council)} that fall due, by month">'
        ),
        f"<style>{_STYLE}</style>{_HATCH}",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        f'<text class="h" x="10" y="22">{escape(title)}</text>',
        f'<text x="10" y="{_TOP + 10}">{most:,}</text><text x="10" y="{_TOP + _HEIGHT}">0</text>',
    ]
    for at, month in enumerate(months):
        lines += _bar(_LEFT + at * _BAR, month, most)
    lines += _legend(_TOP + _HEIGHT + 56)
    lines.append("</svg>")
    return "\n".join(lines) + "\n"


def _bar(x: int, month: Month, most: int) -> list[str]:
    lines: list[str] = []
    y = float(_TOP + _HEIGHT)
    for name in ("destroy", "review", "transfer"):
        count = getattr(month, name)
        if count:
            tall = max(1.0, _HEIGHT * count / most)
            y -= tall
            lines.append(
                f'<rect class="{name}" x="{x}" y="{y:.1f}" width="{_BAR - 6}" height="{tall:.1f}">'
                f"<title>{month.first_day:%B %Y}: {count:,} to {name}</title></rect>"
            )
    if month.held:
        tall = max(1.0, _HEIGHT * month.held / most)
        lines.append(
            f'<rect class="held" x="{x}" y="{_TOP + _HEIGHT - tall:.1f}" width="5" height="{tall:.1f}">'
            f"<title>{month.first_day:%B %Y}: {month.held:,} of these under a hold</title></rect>"
        )
    if month.first_day.month in (1, 4, 7, 10):
        lines.append(f'<text x="{x}" y="{_TOP + _HEIGHT + 16}">{month.first_day:%b %y}</text>')
    return lines


def _legend(y: int) -> list[str]:
    lines: list[str] = []
    x = 10
    for style, text in (
        ("destroy", "to destroy"),
        ("review", "to review"),
        ("transfer", "to offer to the record office"),
        ("held", "of these, under a hold today"),
    ):
        lines.append(f'<rect class="{style}" x="{x}" y="{y - 9}" width="10" height="10"/>')
        lines.append(f'<text x="{x + 15}" y="{y}">{text}</text>')
        x += 40 + 6 * len(text)
    return lines
