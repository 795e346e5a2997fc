"""Apps as values: one id on one platform, products as sets of them, and what a selector means."""

from collections.abc import Callable
from dataclasses import make_dataclass
from typing import Any

from msgspec import Struct

from countermand.core.devices import Platform


class App(Struct, frozen=True, order=True, gc=False, cache_hash=True):
    """One app id on one platform: bundle id on iOS, package name on Android. Whole, case-sensitive: .Ame is not .Aweme."""

    platform: Platform
    id: str

    def __str__(self) -> str:
        return f"{self.platform}:{self.id}"

    @classmethod
    def __get_pydantic_core_schema__(cls, _: Any, described: Callable[[Any], Any]) -> Any:
        """Answers that hold apps are described as if this were a dataclass. It is none because app lists are made of these by the
        million, and sets of them ask for each one's hash."""
        plain = make_dataclass(cls.__name__, [("platform", Platform), ("id", str)], namespace={"__doc__": cls.__doc__})
        made = {"type": "no-info", "function": lambda found: cls(found.platform, found.id)}
        return {"type": "function-after", "function": made, "schema": described(plain)}
