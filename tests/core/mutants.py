"""Mutants: one small wrong turn each in the rules that decide about people, and what it would mean in the world.

``old`` stands exactly once in the named module of the core; put ``new`` in its place and the laws must notice.
"""

from typing import NamedTuple


class Mutant(NamedTuple):
    """``module``: of countermand.core."""

    module: str
    old: str
    new: str
    meaning: str


def _of(module: str, *changes: tuple[str, str, str]) -> tuple[Mutant, ...]:
    return tuple(Mutant(module, *change) for change in changes)


JUDGE = _of(
    "verdict",
    ("exempt = scope & exempt_at(", "exempt = exempt_at(", "whoever is out of scope counts as exempt"),
    ("open_ = scope - exempt", "open_ = scope", "an exemption releases nobody"),
    ("open_ & block[facts.MAIL_REMOVED]", "open_ | block[facts.MAIL_REMOVED]", "everybody has removed mail"),
    (" if terms.by_removing_mail else BitMap()", "", "removing mail is accepted by every order"),
    ("flagged = (open_ - removed) & present", "flagged = open_ & present", "removing mail does not count"),
    ("(open_ - removed) & present(", "(open_ - removed) | present(", "having the app is not asked"),
    ("overdue = flagged & past_due(", "overdue = past_due(", "whoever has a due is late, app or no app"),
    ("unseen = open_ - removed - flagged", "unseen = open_ - removed", "the app may be present and absent at once"),
    ("unseen = open_ - removed - flagged", "unseen = open_ - flagged", "mail removed and unknown at once"),
    ("absent = unseen & _looked(", "absent = _looked(", "a look clears whatever it saw"),
    ("_fresh(looks, contacts, terms, now)", "looks", "evidence never ages"),
    ("block[facts.EVERY] - scope - block[facts.RETIRED]", "block[facts.EVERY] - scope", "retired for two reasons"),
    ("block[facts.EVERY] - scope - block[facts.RETIRED]", "block[facts.EVERY] - block[facts.RETIRED]", "nobody is in scope"),
    ("block[facts.RETIRED] - scope", "block[facts.RETIRED] & scope", "retired devices vanish"),
    ("Reason.PRESENT_IN_GRACE: flagged - overdue", "Reason.PRESENT_IN_GRACE: flagged", "late and in grace at once"),
    ("STATUS_OF[reason] is status", "STATUS_OF[reason] is not status", "a status is every other one"),
    ("self[Status.IN_GRACE] | self[Status.NONCOMPLIANT]", "self[Status.IN_GRACE] & self[Status.NONCOMPLIANT]", "nobody flagged"),
)

SCOPE = _of(
    "verdict",
    ("reached & block[facts.READS_MAIL] if", "reached | block[facts.READS_MAIL] if", "whoever reads mail is in scope"),
    (" if terms.directive.applies_to.reads_mail else reached", "", "an order to all reaches only mail readers"),
    ("reached = block[facts.EVERY] - block[facts.RETIRED]", "reached = block[facts.EVERY]", "retired devices are judged"),
    ("reached &= block.union(facts.platform", "reached |= block.union(facts.platform", "the platform is not asked"),
    ("reached &= block.union(facts.ownership", "reached |= block.union(facts.ownership", "the force is not asked"),
    ("Force.MANDATORY, Force.RECOMMENDATION", "Force.MANDATORY", "a recommendation is not counted"),
    ("return reached & people_in_scope(", "return reached | people_in_scope(", "the platform saves nobody"),
    ("return reached & people_in_scope(block, terms)", "return reached", "the order speaks to everybody"),
    ("spoken_to & block.union(facts.group", "spoken_to | block.union(facts.group", "the groups are not asked"),
    (
        "block.union(facts.group(name) for name in people.groups)",
        "BitMap.intersection(*(block[facts.group(name)] for name in people.groups))",
        "only whoever is in every group",
    ),
    ("spoken_to & block.union(facts.country", "spoken_to | block.union(facts.country", "the countries are not asked"),
    ("return spoken_to - block.union(", "return spoken_to | block.union(", "an exclusion includes"),
    ("block.union(facts.app(number) for number in terms.named)", "block[facts.app(min(terms.named))]", "one app of many counts"),
)

DUE = _of(
    "verdict",
    ("if now < until", "if now <= until", "an exemption holds at its end"),
    ("if now < until", "", "an exemption never ends"),
    ("if now < lineage.not_before:", "if now <= lineage.not_before:", "not before is a millisecond late"),
    ("if now < lineage.not_before:", "if now > lineage.not_before:", "not before is turned around"),
    ("for due, found in dues if due <= now", "for due, found in dues if due < now", "a due is a millisecond late"),
    ("for due, found in dues if due <= now", "for due, found in dues", "whoever was told is late"),
    ("terms.last_due is None or terms.last_due <= now", "terms.last_due is None or terms.last_due < now", "the last due is late"),
    ("terms.last_due is None or terms.last_due <= now", "terms.last_due is None", "whoever was not told is never late"),
    ("terms.last_due is None or terms.last_due", "terms.last_due is not None and terms.last_due", "no due is never late"),
    ("come |= block[facts.EVERY] - told", "come |= block[facts.EVERY]", "the document's due binds whoever was told a later one"),
    ("come |= block[facts.EVERY] - told", "come &= block[facts.EVERY] - told", "telling the due makes it void"),
)

EVIDENCE = _of(
    "verdict",
    ("if max_age <= facts.HOURS_KEPT", "if max_age < facts.HOURS_KEPT", "a limit of two days reads day sets"),
    ("look.unit == unit and ", "", "hours and days are read together"),
    ("(look.bucket + 1) * width >", "look.bucket * width >", "ages are rounded against the device"),
    ("(look.bucket + 1) * width >", "(look.bucket + 1) * width >=", "an hour or a day too long"),
    ("if grade >= least and", "if grade > least and", "the grade asked for is not enough"),
    ("grade >= least and ", "", "any grade is enough"),
    (" and coverage in covering]", "]", "whoever looked at anything looked at this"),
    ("(p for p in Platform if terms.apps.get(p))", "Platform", "where nothing can be seen, nothing is there"),
    ("ownership(ownership)] & block[facts.platform", "ownership(ownership)] | block[facts.platform", "another platform's looks"),
    ("found |= where & BitMap.union(", "found |= where | BitMap.union(", "no look is needed"),
    ("found |= where & BitMap.union(", "found = where & BitMap.union(", "only the last platform is looked at"),
    (" if look.source in sources]", "]", "a dead source lapses devices"),
)

WHY_UNKNOWN = _of(
    "verdict",
    ("stale = unknown & _looked(", "stale = _looked(", "stale and something else at once"),
    ("rest = unknown - stale", "rest = unknown", "stale and never looked at at once"),
    ("invisible = rest & _invisible(", "invisible = _invisible(", "invisible and something else at once"),
    ("rest -= invisible", "rest &= invisible", "only the invisible were never looked at"),
    ("not_looked = rest & BitMap.union(", "not_looked = rest | BitMap.union(", "never reported is not looked"),
    ("Reason.NEVER_REPORTED: rest - not_looked", "Reason.NEVER_REPORTED: rest", "two reasons at once"),
    ("if not terms.apps.get(p)", "if terms.apps.get(p)", "where an app can be seen it is invisible"),
    ("grade < terms.minimum_grade", "grade <= terms.minimum_grade", "what can be had is said not to be"),
    ("found |= block[facts.ownership(ownership)] & block", "found |= block[facts.ownership(ownership)] | block", "all invisible"),
)

LAPSE = _of(
    "lapse",
    ("return stale & covered_by(", "return stale | covered_by(", "whoever was looked at lapses"),
    ("return stale & covered_by(", "return stale - covered_by(", "a dead source lapses, a healthy one does not"),
    ("not terms.directive.denies or ", "", "a report-only order lapses devices"),
    (" or terms.directive.evidence.unknown is not OnUnknown.DENY", "", "devices lapse though unknown is allowed"),
    ("now - last_contact <= HEALTHY", "now - last_contact < HEALTHY", "a source at its limit is unhealthy"),
    (
        "last_contact is not None and now - last_contact <=",
        "last_contact is None or now - last_contact <=",
        "never heard: healthy",
    ),
)

CONTACTS = _of(
    "terms",
    ("min(now, self.healthy.get(source, now)) - max_age", "now - max_age", "a dead connector ages everybody"),
    ("min(now, self.healthy.get(source, now)) - max_age", "max(now, self.healthy.get(source, now)) - max_age", "the same"),
    ("self.healthy.get(source, now)) - max_age", "self.healthy.get(source, now)) + max_age", "everything is stale"),
)

PRESENCE = _of(
    "presence",
    (
        "shown, looked = dict(before.shown), dict(before.looked)",
        "shown, looked = {}, dict(before.looked)",
        "one report at a time",
    ),
    ("shown, looked = dict(before.shown), dict(before.looked)", "shown, looked = dict(before.shown), {}", "looks are forgotten"),
    ("looked[key] = max(report.observed_at", "looked[key] = min(report.observed_at", "the first look counts"),
    ("max(report.observed_at, looked.get(key, report.observed_at))", "report.observed_at", "the last to arrive counts"),
    ("if report.grade >= Grade.INVENTORY:", "if report.grade > Grade.INVENTORY:", "an inventory shows nothing"),
    ("if report.grade >= Grade.INVENTORY:", "if report.grade >= Grade.ATTESTED:", "an owner's word shows an app"),
    ("if shown.get(app, -1) < at]", "if shown.get(app, at + 1) > at]", "the first sight counts"),
    ("for app in report.present if shown.get(app, -1) < at]", "for app in report.present]", "the last sight to arrive counts"),
    ("if at < everything or", "if at <= everything or", "an answer contradicts itself"),
    ("        del shown[app]", "        pass", "nothing is ever cleared"),
    ("looked.items() if grade >= Grade.INVENTORY]", "looked.items() if grade > Grade.INVENTORY]", "an inventory clears nothing"),
    ("looked.items() if grade >= Grade.INVENTORY]", "looked.items()]", "an owner's word clears an app"),
    ("report.coverage.apps is None and at > max(", "at > max(", "a named query stands for a full list"),
    ("None and at > max(shown", "None and at < max(shown", "a late list stands for the last one"),
    ("if not some and min(", "if min(", "a named query clears nothing that is newer than every full list"),
    ("at < then and app in apps for", "at < then for", "an answer clears what it could not have shown"),
    ("any(at < then and app in apps for apps, then in some)", "False", "a named query clears nothing"),
    ("if at < everything or any", "if any", "a full list clears nothing"),
    (
        "max((at for apps, at in machines if apps is None), default=0)",
        "min((at for apps, at in machines if apps is None), default=0)",
        "the first look clears",
    ),
    ("in before.shown.items() if app in kept}", "in before.shown.items()}", "deleting presence keeps it"),
    ("coverage.narrowed(kept))", "coverage)", "deleting presence proves absence"),
    ("looked[key] = max(at, looked.get(key, at))", "looked[key] = min(at, looked.get(key, at))", "looks merge into the oldest"),
    ("not any(other != key and _outdoes", "not any(_outdoes", "no look is kept"),
    ("same and (other[2]", "same or (other[2]", "a source's looks outdo each other"),
    ("other[0] == key[0] and ", "", "one source's look outdoes another's"),
    (" and other[1] == key[1] and ", " and ", "an owner's word outdoes an inventory"),
    (" and then >= at", "", "an old wide look outdoes a fresh narrow one"),
    (" and then >= at", " and then > at", "looks of one time pile up"),
    ("key[2].apps <= other[2].apps", "key[2].apps >= other[2].apps", "a narrow look outdoes a wide one"),
    ("other[2].apps is None or", "other[2].apps is not None and", "a full list outdoes nothing"),
)

WHO_IS_DENIED = _of(
    "timeline",
    ("_reached(block, terms) - block[facts.PROTECTED]", "_reached(block, terms)", "break-glass accounts lose mail"),
    ("terms) - people[facts.PROTECTED]", "terms)", "unregistered phones of break-glass accounts lose mail"),
    ("*reached[-len(versions) :])", "reached[-1])", "only the last version's scope counts"),
    ("*reached[-len(versions) :])", "reached[-len(versions)])", "only the told version's scope counts"),
    ("_on_one_ground(block, versions)", "_on_one_ground(block, versions[:1])", "held to what is no longer asked"),
    ("_on_one_ground(block, versions)", "_on_one_ground(block, versions[-1:])", "held to what nobody was told"),
    ("BitMap.intersection(*reached[index:])", "BitMap.union(*reached[index:])", "one version's word is enough"),
    ("BitMap.intersection(*reached[index:])", "reached[index]", "a milder version helps nobody unregistered"),
    ("frozenset[int].intersection(*(", "frozenset[int]().union(*(", "told of one app, denied for another"),
    ("if all(terms.directive.evidence.unknown", "if any(terms.directive.evidence.unknown", "a lapse counts where it must not"),
    ("grounds |= BitMap.intersection(", "grounds &= BitMap.intersection(", "only the lapsed are denied"),
    (
        "grounds |= BitMap.intersection(*(block[facts.lapsed",
        "grounds |= BitMap.union(*(block[facts.lapsed",
        "an old lapse counts",
    ),
    ("if not terms.directive.denies:", "if terms.directive.denies is None:", "a report cuts mail"),
    ("spoken_to(block, terms) & block.union(", "spoken_to(block, terms) | block.union(", "the scope is not asked"),
    (
        "return spoken_to(block, terms) & block.union(facts.ownership(o) for o in terms.ownerships(Force.MANDATORY))",
        "return spoken_to(block, terms)",
        "a recommendation cuts mail",
    ),
    ("directive.denies and mandatory and", "mandatory and", "a report cuts unregistered phones"),
    ("directive.denies and mandatory and", "directive.denies and", "unregistered phones of spared owners are cut"),
    (" and directive.applies_to.unregistered is OnUnknown.DENY", "", "unregistered phones are cut though allowed"),
    ("return people_in_scope(people, terms)", "return people[facts.EVERY]", "unregistered phones of anybody are cut"),
)

FROM_WHEN = _of(
    "timeline",
    ("if start <= now", "if start < now", "denied a millisecond late"),
    ("max(due, lineage.not_before)", "min(due, lineage.not_before)", "denied at once"),
    ("max(due, lineage.not_before)", "due", "a resume cuts at once"),
    ("held[index] & told", "held[index]", "denied untold"),
    ("held[index] & told", "held[index] | told", "denied for having been told"),
    ("lineage.versions[index + 1 :]", "lineage.versions[index + 2 :]", "an extension is not heard"),
    ("parts = _opened(parts, block, lineage)\n", "", "closed rings are open"),
    ('_earliest(_delayed(parts, block.instants(f"exempt:{lineage.id}:")))', "_earliest(parts)", "exemptions are void"),
    ("untold = untold - told", "untold = untold & told", "an extension holds only whoever heard of it"),
    ("yield later.last_due, untold", "yield 0, untold", "an extension waits for its notice"),
    ("index == lineage.rings - 1", "index == lineage.rings", "whoever is in no ring is never denied"),
    ("rest if last else rest & block", "rest if last else rest | block", "the first ring is everybody"),
    ("rest = rest - members", "rest = rest | members", "early rings wait for the last one"),
    ("if index < len(lineage.rings_opened):", "if index + 1 < len(lineage.rings_opened):", "the ring just opened is closed"),
    ("(start, devices - members) for start", "(start, devices) for start", "a closed ring is denied"),
    ("(start, devices - members) for start", "(start, devices & members) for start", "only a closed ring is denied"),
    ("(max(start, until), devices & held)", "(min(start, until), devices & held)", "a hold hastens"),
    ("(max(start, until), devices & held)", "(max(start, until), devices - held)", "a hold denies whom it holds at once"),
    ("(start, devices - held))", "(start, devices))", "no hold holds anybody"),
    ("sorted(parts, key=lambda part: part[0])", "parts", "the first telling counts and not the earliest chain"),
    ("fresh = devices - seen", "fresh = devices", "a device stands twice"),
    ("merged.get(start, BitMap()) | fresh", "fresh", "those told in one version hide those told in another"),
    ("seen |= fresh", "seen = fresh", "a device stands twice"),
)

MUTANTS = JUDGE + SCOPE + DUE + EVIDENCE + WHY_UNKNOWN + LAPSE + CONTACTS + PRESENCE + WHO_IS_DENIED + FROM_WHEN
