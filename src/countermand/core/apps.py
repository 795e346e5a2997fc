"""Apps as values: one id on one platform, products as sets of them, and what a selector means."""

from dataclasses import dataclass

from countermand.core.devices import Platform


@dataclass(frozen=True, slots=True, order=True)
class App:
    """One app id on one platform: bundle id on iOS, package name on Android. Whole, case-sensitive: .Ame is not .Aweme."""

    platform: Platform
    id: str

    def __hash__(self) -> int:
        return hash(self.id)  # app lists are made of these by the million; two platforms seldom share an id

    def __str__(self) -> str:
        return f"{self.platform}:{self.id}"
