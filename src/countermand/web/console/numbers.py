"""Numbers as people type them into a form."""

#: Nobody counts more people, or devices.
_DIGITS = 9
_BETWEEN = str.maketrans("", "", " ,.'’\u00a0\u202f_")


def typed(text: str) -> int | None:
    """ "840,000" or "840 000" as a number; None for what is none."""
    digits = text.translate(_BETWEEN)
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS else None
