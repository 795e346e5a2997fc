"""Proposing: what a draft means is worked out once and frozen into the bundle that approvers sign."""

from collections.abc import Mapping
from dataclasses import dataclass

from countermand.access import Act, require
from countermand.core import lifecycle, schema
from countermand.core.apps import App
from countermand.core.bundle import Bundle, Ceiling, Purpose
from countermand.core.catalogue import Expansion
from countermand.core.cautions import Caution, cautions
from countermand.core.devices import Platform
from countermand.core.directive import Directive
from countermand.core.errors import Refused
from countermand.core.guardrails import Rails
from countermand.core.instants import to_datetime
from countermand.flows import impact
from countermand.notices.texts import rendered_texts
from countermand.store import directives, installation, log, terms
from countermand.store.unit import unit


@dataclass(frozen=True, slots=True)
class Proposed:
    """The bundle, and what it says. ``apps`` with the reasons of each; ``people`` counted now; ``peak`` most denials in
    one hour, at most."""

    lineage: str
    number: int
    version: int
    digest: str
    apps: Mapping[App, tuple[str, ...]]
    unseen: tuple[tuple[str, Platform], ...]
    remarks: tuple[str, ...]
    cautions: tuple[Caution, ...]
    people: int
    peak: int


def propose(act: Act, name: str, *, rails: Rails, expected: int | None = None, page: str = "") -> Proposed:
    """Freeze the newest draft of the directive ``name`` into a bundle and put it before approvers.

    ``expected``: the number of people from another source; whoever has none leaves it to whoever issues. ``rails`` as
    in the configuration; ``page``: the address that notices may show. Refused ``not-found``, ``wrong-state``,
    ``lineage-ended``, or with every name the catalogue misses.
    """
    require(act.actor, "propose")
    row = directives.newest(name)
    if directives.known(name).ended_at is not None:
        raise Refused("lineage-ended", name=name)
    lifecycle.after(row.state, "propose")
    directive = schema.read(row.document)
    means = impact.expansion(directive, act.now)
    found = impact.impact(act, terms.foreseen(name, act.now, tuple(means.apps)))
    seen = cautions(directive, means.unseen, to_datetime(act.now).date())
    ceiling = Ceiling(directive.audience.value, expected, rails.tolerance, found.peak)
    bundle = _bundle(row.number, directive, means, rendered_texts(directive, page), ceiling, rails, seen)
    with unit():
        directives.decide(name)
        if directives.version(row.pk).digest != row.digest:
            raise Refused("bundle-changed", digest=row.digest)
        lifecycle.after(directives.version(row.pk).state, "propose")
        directives.freeze(row.pk, bundle.text, bundle.digest, bundle.apps, row.authors | {act.actor.name})
        about = {"lineage": name, "version": row.number, "bundle": bundle.digest, "people": len(found.people)}
        log.append("proposed", act, {**about, "peak": found.peak, "apps": len(bundle.apps)})
    return Proposed(
        lineage=name,
        number=row.number,
        version=row.pk,
        digest=bundle.digest,
        apps=means.apps,
        unseen=means.unseen,
        remarks=means.remarks,
        cautions=seen,
        people=len(found.people),
        peak=found.peak,
    )


def _bundle(
    version: int,
    directive: Directive,
    means: Expansion,
    texts: Mapping[str, str],
    ceiling: Ceiling,
    rails: Rails,
    seen: tuple[Caution, ...],
) -> Bundle:
    house = installation.load()
    return Bundle(
        origin=house.origin if house else "",
        drill=house.drill if house else False,
        purpose=Purpose.ISSUE,
        version=version,
        document=directive.source,
        apps=frozenset(means.apps),
        unseen=frozenset(means.unseen),
        texts=texts,
        audience=ceiling,
        rails=rails,
        cautions=tuple(caution.code for caution in seen),
    )
