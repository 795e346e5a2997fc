"""Directives that ship with the product, to begin from: real orders, and the one that the guide writes."""

from pathlib import Path

_FOLDER = Path(__file__).parent / "examples"


def names() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.yaml")))


def text_of(name: str) -> str | None:
    """The text of an example; None if there is none of this name."""
    return (_FOLDER / f"{name}.yaml").read_text("utf-8") if name in names() else None
