"""A certificate of disposal as a PDF for people: reportlab's one home.

It says what the signed JSON says, in the same order, with the JSON's SHA-256 on the first page: the signature
is the JSON's, and the PDF is made from it again at any time. Same certificate, same bytes.
"""

import io
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.lib.units import mm
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from muniment.domain.certificate import certificate_digest
from schemas.london import london_words

__all__ = ["certificate_facts", "certificate_pdf"]

_MARGIN: Final = 20 * mm
_LOOKS: Final = TableStyle(
    [
        ("GRID", (0, 0), (-1, -1), 0.4, colors.grey),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("BACKGROUND", (0, 0), (-1, 0), colors.whitesmoke),
    ]
)

_PARTS: Final[Mapping[tuple[str, ...], tuple[int, ...]]] = {
    ("Class", "Account", "Year", "Records"): (4, 8, 2, 2),
    ("Store", "Proved", "What was found"): (3, 2, 8),
    ("No.", "What", "When", "By", "Of these", "Became"): (2, 5, 5, 5, 3, 5),
}
"""How the width of a table is shared by its columns; others share alike."""


def certificate_pdf(told: Mapping[str, Any], raw: bytes) -> bytes:
    """Return the PDF of a certificate.

    Args:
        told: What it says (`services.certifying.Certifying.read`).
        raw: Its file, as it was signed.
    """
    sink = io.BytesIO()
    page = SimpleDocTemplate(
        sink,
        pagesize=A4,
        title=f"Certificate of disposal {told['number']}",
        author=str(told["council"]),
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        invariant=1,
    )
    styles = getSampleStyleSheet()
    story: list[Any] = [Paragraph(f"Certificate of disposal {told['number']}", styles["Title"])]
    story.append(_pairs(certificate_facts(told, raw)))
    for heading, header, rows in _tables(told):
        story += [Spacer(1, 5 * mm), Paragraph(heading, styles["Heading2"]), _table(header, rows)]
    story += [Spacer(1, 5 * mm), Paragraph("What remains", styles["Heading2"])]
    story += [Paragraph(escape(line), styles["BodyText"]) for line in told["remains"]]
    page.build(story)
    return sink.getvalue()


def certificate_facts(told: Mapping[str, Any], raw: bytes) -> list[tuple[str, str]]:
    """Return what stands in the table at its head."""
    authority = told["authority"]
    facts = [
        ("Council", told["council"]),
        ("Run", f"{told['run']} ({told['kind']})"),
        ("Schedule", authority["schedule"] or "none"),
        ("Basis", authority["basis"] or "the schedule"),
        ("Records destroyed", f"{told['records']:,}"),
        ("Method", told["method"]),
        ("Prepared", f"by {told['prepared']['by']}, {_time(told['prepared']['at'])}"),
        ("Holds checked", _time(told["holds_checked_at"])),
        ("Certified", _time(told["certified_at"])),
        ("Keyed digest of the ids", f"{told['ids_hmac_sha256']} (HMAC-SHA256, key {told['key']})"),
        ("Proof attempts", str(told["tries"])),
        ("Software", told["software"]),
        (
            "Certificate before this",
            told["previous_sha256"] if told["number"] > 1 else "none: it is the first",
        ),
        ("SHA-256 of the signed JSON", certificate_digest(raw).hex()),
    ]
    if told["sandbox_clock"]:
        facts.append(("Clock", "a sandbox's: this certifies nothing"))
    return facts


def _tables(told: Mapping[str, Any]) -> list[tuple[str, Sequence[str], Sequence[Sequence[str]]]]:
    ended = told.get("copies_ended")
    gone_on = _day(ended["ended_on"]) if ended else ""
    copies = [(one["what"], _day(one["ends_on"]), gone_on) for one in told["remaining_copies"]]
    return [
        (
            "Approved",
            ("By", "Role", "At"),
            [(one["by"], one["role"], _time(one["at"])) for one in told["approved"]],
        ),
        (
            "Items by class, account and year",
            ("Class", "Account", "Year", "Records"),
            [
                (one["class"] or "", one["account"], str(one["year"]), f"{one['records']:,}")
                for one in told["items"]
            ],
        ),
        ("Erased", ("What", "Count"), [(name, f"{n:,}") for name, n in told["erased"].items()]),
        (
            "Decided by reviewers, and dropped out when everything was read again",
            ("What", "Count"),
            [
                *((f"said: {name}", f"{n:,}") for name, n in told["decisions"].items()),
                *((f"stayed: {name}", f"{n:,}") for name, n in told["dropped_out"].items()),
            ],
        ),
        (
            "Proof, store by store",
            ("Store", "Proved", "What was found"),
            [
                (
                    one["store"],
                    "yes" if one["proved"] else "no",
                    ", ".join(f"{name.replace('_', ' ')} {n:,}" for name, n in one["counts"].items()),
                )
                for one in told["proofs"]
            ],
        ),
        ("Remaining copies", ("Copy", "Ends on", "Seen gone on"), copies),
        (
            "Given out before, with records of these in it",
            ("No.", "What", "When", "By", "Of these", "Became"),
            [
                (
                    *(str(one["number"]), one["kind"], _time(one["at"]), one["by"]),
                    *("not known" if one["of_these"] is None else f"{one['of_these']:,}", one["became"]),
                )
                for one in told.get("given_out", ())
            ],
        ),
    ]


def _time(told: str) -> str:
    """Return an instant of the signed file, which is in UTC, as people read it: by London time."""
    return london_words(datetime.fromisoformat(told))


def _day(told: str | None) -> str:
    return "not told" if told is None else f"{date.fromisoformat(told):%-d %B %Y}"


def _pairs(facts: Sequence[tuple[str, str]]) -> Table:
    style = getSampleStyleSheet()["BodyText"]
    rows = [[Paragraph(escape(name), style), Paragraph(escape(value), style)] for name, value in facts]
    return Table(rows, colWidths=[50 * mm, 120 * mm], style=_LOOKS)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    style = getSampleStyleSheet()["BodyText"]
    told = [header, *(rows or [["none", *[""] * (len(header) - 1)]])]
    parts = _PARTS.get(tuple(header), (1,) * len(header))
    widths = [170 * mm * part / sum(parts) for part in parts]
    cells = [[Paragraph(escape(str(cell)), style) for cell in row] for row in told]
    return Table(cells, colWidths=widths, style=_LOOKS, repeatRows=1)
