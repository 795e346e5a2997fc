"""How numbers are said."""


def many(count: int, one: str, several: str = "") -> str:
    """ "1 device", "2,000 devices"; "1 person", "2 people" with a plural of its own."""
    return f"{count:,} {one if count == 1 else several or one + 's'}"
