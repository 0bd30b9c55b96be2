"""How a count is told, everywhere alike: "1 record", "1,204 records"."""

__all__ = ["counted"]


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with what it counts.

    Args:
        number: How many.
        noun: What one of them is called; its verb may go with it ("record is").
        plural: What more or none are called ("records are"); left out: the noun with an s.
    """
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"
