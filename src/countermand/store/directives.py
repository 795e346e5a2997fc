"""Lineages and versions as rows. Plain values come out; what may become of what is decided by core.lifecycle, not here."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pyroaring import BitMap

from countermand.core.apps import App
from countermand.core.devices import Platform
from countermand.core.errors import Refused
from countermand.core.instants import Instant
from countermand.core.lifecycle import State
from countermand.core.notices import SOON
from countermand.store import evidence, models


@dataclass(frozen=True, slots=True)
class LineageRow:
    """What holds of all versions. ``ended_at`` and ``ground`` are set by a rescission; ``corrected``: everybody who was
    reached has been promised the correction."""

    id: str
    halted_at: Instant | None
    not_before: Instant
    ended_at: Instant | None
    ground: str
    rings_opened: tuple[Instant, ...]
    corrected_to: int
    corrected: bool
    last_halt: Instant | None


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One exact text. ``pk`` is what sets and promises call it; ``number`` counts within the lineage from 1; ``opening``: the
    last rank of notices that may leave; ``first_look``: the ordinals of the people who see the notice first."""

    pk: int
    lineage: str
    number: int
    state: State
    text: str
    document: Mapping[str, Any]
    digest: str
    authors: frozenset[str]
    written_at: Instant
    bundle: str
    bundle_digest: str
    issued_at: Instant | None
    ceiling: int
    issue_done: bool
    opening: int
    first_look: tuple[int, ...]


# -- finding --


def decide(name: str) -> None:
    """From here to the end of the unit nobody else decides about this directive. The first thing in every unit that does:
    what it read before may be over."""
    list(models.Lineage.objects.select_for_update(no_key=True).filter(pk=name).values_list("pk"))


def lineage(name: str) -> LineageRow | None:
    row = models.Lineage.objects.filter(pk=name).first()
    return _lineage(row) if row else None


def known(name: str) -> LineageRow:
    """The lineage; Refused ``not-found`` with the nearest name if there is none."""
    found = lineage(name)
    if found is None:
        near = get_close_matches(name, names(), n=1, cutoff=0.5)
        raise Refused("not-found", what="directive", name=name, nearest=near[0] if near else "none")
    return found


def names() -> list[str]:
    """The ids of all lineages, in order."""
    return list(models.Lineage.objects.order_by("pk").values_list("pk", flat=True))


def versions(name: str) -> list[VersionRow]:
    """Every version of a lineage, oldest first."""
    return [_version(row) for row in models.Version.objects.filter(lineage=name).order_by("number")]


def version(pk: int) -> VersionRow:
    return _version(models.Version.objects.get(pk=pk))


def newest(name: str) -> VersionRow:
    """The last version written. Refused ``not-found`` if there is no such lineage."""
    row = models.Version.objects.filter(lineage=name).order_by("-number").first()
    if row is None:
        known(name)
        raise RuntimeError("a directive has a version")
    return _version(row)


def issued(name: str) -> VersionRow | None:
    """The version that is asked now; None if none is issued."""
    row = models.Version.objects.filter(lineage=name, state=State.ISSUED).first()
    return _version(row) if row else None


def walked_to(name: str) -> Instant:
    """How far the sweep has told others what time did."""
    return models.Lineage.objects.values_list("walked_to", flat=True).get(pk=name)


# -- writing and proposing --


def create(name: str, by: str) -> None:
    models.Lineage.objects.create(id=name, created_by=by, rings_opened=[])


def add_version(name: str, number: int, text: str, document: Mapping[str, Any], digest: str, by: str, at: Instant) -> VersionRow:
    """A new draft."""
    row = models.Version.objects.create(
        lineage_id=name,
        number=number,
        state=State.DRAFT,
        text=text,
        document=dict(document),
        digest=digest,
        written_by=by,
        written_at=at,
        authors=[by],
    )
    return _version(row)


def rewrite(pk: int, text: str, document: Mapping[str, Any], digest: str, authors: Collection[str], by: str, at: Instant) -> int:
    """Another text for a draft or proposed version: what was frozen is thawed, and every approval is void (how many)."""
    models.Version.objects.filter(pk=pk).update(
        state=State.DRAFT,
        text=text,
        document=dict(document),
        digest=digest,
        authors=sorted(authors),
        written_by=by,
        written_at=at,
        bundle="",
        bundle_digest="",
    )
    models.VersionApp.objects.filter(version=pk).delete()
    return models.Approval.objects.filter(version=pk, void=False).update(void=True)


def thaw(pk: int) -> int:
    """A draft again with the text that it has, as ``rewrite`` makes one; returns how many approvals became void."""
    models.Version.objects.filter(pk=pk).update(state=State.DRAFT, bundle="", bundle_digest="")
    models.VersionApp.objects.filter(version=pk).delete()
    return models.Approval.objects.filter(version=pk, void=False).update(void=True)


def freeze(pk: int, bundle: str, bundle_digest: str, apps: Collection[App], authors: Collection[str]) -> None:
    """What approvers will sign, and the expanded ids, from now on unchangeable but by a rewrite."""
    models.Version.objects.filter(pk=pk).update(
        state=State.PROPOSED, bundle=bundle, bundle_digest=bundle_digest, authors=sorted(authors)
    )
    wanted = evidence.numbers(apps)
    models.VersionApp.objects.bulk_create([models.VersionApp(version_id=pk, app_id=number) for number in sorted(wanted.values())])


def apps_of(pk: int) -> dict[Platform, frozenset[int]]:
    """The numbers of the frozen ids, per platform."""
    rows = models.VersionApp.objects.filter(version=pk).values_list("app__platform", "app_id")
    found: dict[Platform, set[int]] = {}
    for platform, number in rows:
        found.setdefault(Platform(platform), set()).add(number)
    return {platform: frozenset(numbers) for platform, numbers in found.items()}


# -- what people decide --


def set_state(pk: int, state: State) -> None:
    models.Version.objects.filter(pk=pk).update(state=state)


def issue(pk: int, state: State, ceiling: int, at: Instant, first_look: Collection[int] = ()) -> None:
    """The decisive write: from now on this version is in force. ``first_look``: the people who see its notice first."""
    row = models.Version.objects.filter(pk=pk)
    row.update(state=state, issued_at=at, ceiling=ceiling, opening=SOON, opening_since=None, first_look=sorted(first_look))


def all_tried(pk: int, opening: int, at: Instant) -> Instant:
    """Since when everything that may leave has been tried: the first time that somebody looked and saw so."""
    models.Version.objects.filter(pk=pk, opening=opening, opening_since=None).update(opening_since=at)
    return models.Version.objects.values_list("opening_since", flat=True).get(pk=pk) or at


def open_to(pk: int, opening: int, to: int) -> bool:
    """The notices up to this rank may leave; False if somebody else was quicker."""
    return bool(models.Version.objects.filter(pk=pk, opening=opening).update(opening=to, opening_since=None))


def set_rings(name: str, opened: Collection[Instant]) -> None:
    """Which rings are open, since when."""
    models.Lineage.objects.filter(pk=name).update(rings_opened=list(opened))


def halt(name: str, at: Instant) -> None:
    """On hold; who was told of the order has yet to hear of it."""
    row = models.Lineage.objects.filter(pk=name, halted_at=None)
    row.update(halted_at=at, last_halt=at, hold_told=False, hold_told_to=-1)


def resume(name: str, not_before: Instant) -> None:
    """In force again; who heard that it was on hold has yet to hear that it goes on."""
    row = models.Lineage.objects.filter(pk=name)
    row.update(halted_at=None, not_before=not_before, hold_told=False, hold_told_to=-1)


def end(name: str, ground: str, at: Instant) -> None:
    """The lineage is rescinded: it denies nobody any more, and no version of it comes back or comes to be."""
    models.Lineage.objects.filter(pk=name).update(ended_at=at, ground=ground)
    models.Version.objects.filter(lineage=name, state=State.ISSUED).update(state=State.RESCINDED)
    models.Version.objects.filter(lineage=name, state__in=[State.DRAFT, State.PROPOSED]).update(state=State.WITHDRAWN)


def open_ring(name: str, at: Instant) -> None:
    row = models.Lineage.objects.select_for_update(no_key=True).get(pk=name)
    row.rings_opened = [*row.rings_opened, at]
    row.save(update_fields=["rings_opened"])


def walked(name: str, to: Instant) -> None:
    models.Lineage.objects.filter(pk=name).update(walked_to=to)


# -- how far the promises have come --


def promised(pk: int) -> BitMap:
    """The people who have been promised the version's notice, as ordinals."""
    blob = bytes(models.Version.objects.values_list("promised", flat=True).get(pk=pk))
    return BitMap.deserialize(blob) if blob else BitMap()


def save_promised(pk: int, people: BitMap) -> None:
    models.Version.objects.filter(pk=pk).update(promised=people.serialize())


def finish_issue(pk: int) -> None:
    """Everybody who was in the audience at issue has been promised the notice."""
    models.Version.objects.filter(pk=pk).update(issue_done=True)


def corrected(name: str, to: int, *, done: bool) -> None:
    """Corrections are promised up to this person's ordinal."""
    models.Lineage.objects.filter(pk=name).update(corrected_to=to, corrected=done)


def uncorrected() -> list[str]:
    """Rescinded lineages whose corrections are not all promised yet."""
    rows = models.Lineage.objects.filter(corrected=False).exclude(ended_at=None)
    return list(rows.order_by("pk").values_list("pk", flat=True))


# -- rows → values --


def _lineage(row: models.Lineage) -> LineageRow:
    return LineageRow(
        id=row.pk,
        halted_at=row.halted_at,
        not_before=row.not_before,
        ended_at=row.ended_at,
        ground=row.ground,
        rings_opened=tuple(row.rings_opened),
        corrected_to=row.corrected_to,
        corrected=row.corrected,
        last_halt=row.last_halt,
    )


def _version(row: models.Version) -> VersionRow:
    return VersionRow(
        pk=row.pk,
        lineage=row.lineage_id,
        number=row.number,
        state=State(row.state),
        text=row.text,
        document=row.document,
        digest=row.digest,
        authors=frozenset(row.authors),
        written_at=row.written_at,
        bundle=row.bundle,
        bundle_digest=row.bundle_digest,
        issued_at=row.issued_at,
        ceiling=row.ceiling,
        issue_done=row.issue_done,
        opening=row.opening,
        first_look=tuple(row.first_look),
    )
