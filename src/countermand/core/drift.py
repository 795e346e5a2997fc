"""Drift: a directive's frozen ids beside what its selectors mean by now. The frozen ones count until people sign others."""

from dataclasses import dataclass
from datetime import date

from countermand.core import schema
from countermand.core.apps import App
from countermand.core.bundle import Bundle
from countermand.core.catalogue import Catalogue, expand
from countermand.core.errors import Refused


@dataclass(frozen=True, slots=True)
class Drift:
    """What the document's selectors mean now and did not when the bundle was frozen, and the other way round."""

    added: frozenset[App]
    gone: frozenset[App]

    def __bool__(self) -> bool:
        return bool(self.added or self.gone)


def drift(bundle: Bundle, catalogue: Catalogue, on: date) -> Drift:
    """How far the catalogue has moved, on a day, since the bundle was frozen. A name that it does not know any more means
    nothing now."""
    directive = schema.read(bundle.document)
    scope = directive.applies_to
    try:
        means = frozenset(expand(catalogue, directive.prohibits, scope.platforms, on, scope.people.countries).apps)
    except Refused:
        means = frozenset()
    return Drift(means - bundle.apps, bundle.apps - means)
