"""Laws of presence: proven by any report, disproven only by a later one that could have seen it; in whatever order."""

from random import Random

import laws
from fleets import presence_of
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from oracle import could_show
from strategies import ANDROID, COVERAGES, IOS, World, reports, worlds

from countermand.core.apps import App
from countermand.core.coverage import Coverage, Grade, Report
from countermand.core.instants import HOUR
from countermand.core.presence import Presence, concise, fold, forget

ALL = frozenset(IOS + ANDROID)
Reports = tuple[Report, ...]
APPS = st.sets(st.sampled_from(IOS)).map(frozenset)


@given(worlds(phones=2, versions=1))
def test_presence_is_the_oracles(world: World) -> None:
    laws.presence_is_the_oracles(world)


@given(reports(), st.randoms(use_true_random=False), st.integers(0, 6))
def test_the_order_and_repetition_of_reports_do_not_matter(said: Reports, random: Random, cut: int) -> None:
    expected = presence_of(said)
    shuffled = random.sample(said, len(said))
    assert presence_of(shuffled) == expected
    assert fold(expected, shuffled) == expected
    assert fold(presence_of(shuffled[:cut]), shuffled[cut:]) == expected, "one at a time or all at once"


@given(reports(), st.sampled_from(IOS), st.booleans())
def test_a_report_that_could_not_have_shown_an_app_never_makes_it_absent(said: Reports, app: App, other: bool) -> None:
    blind = Coverage(ALL - {app} if other else frozenset())
    latest = max((report.observed_at for report in said), default=0)
    more = Report("mdm", latest + HOUR, Grade.PREVENTED, blind, frozenset())
    assert (app in presence_of((*said, more)).apps) == (app in presence_of(said).apps)


@given(reports(), st.sampled_from(COVERAGES))
def test_a_later_covering_report_clears_exactly_what_it_covers_and_lacks(said: Reports, coverage: Coverage) -> None:
    before = presence_of(said)
    latest = max((report.observed_at for report in said), default=0)
    more = Report("new", latest + HOUR, Grade.INVENTORY, coverage, frozenset())
    assert presence_of((*said, more)).apps == {app for app in before.apps if not could_show(more, app)}


@given(reports(), st.sampled_from(COVERAGES))
def test_an_attestation_never_changes_what_is_present(said: Reports, coverage: Coverage) -> None:
    latest = max((report.observed_at for report in said), default=0)
    word = Report("attestation", latest + HOUR, Grade.ATTESTED, coverage, frozenset())
    assert presence_of((*said, word)).apps == presence_of(said).apps


@given(reports(), APPS)
def test_forgetting_never_makes_a_proof_of_absence(said: Reports, kept: frozenset[App]) -> None:
    before = presence_of(said)
    after = forget(before, kept)
    assert after.apps == before.apps & kept
    for (source, grade, coverage), at in after.looked.items():
        assert coverage.apps is not None
        assert coverage.apps <= kept, "what is not kept is not looked for either"
        witnesses = [
            seen for (s, g, c), seen in before.looked.items() if (s, g) == (source, grade) and c.narrowed(kept) == coverage
        ]
        assert at == max(witnesses), "somebody did look, then"


@given(reports(), APPS)
def test_forgetting_afterwards_is_the_same_as_never_having_stored(said: Reports, kept: frozenset[App]) -> None:
    narrowed = [replace(r, coverage=r.coverage.narrowed(kept), present=r.present & kept) for r in said]
    assert forget(presence_of(said), kept) == fold(Presence(), narrowed)


@given(st.sampled_from(COVERAGES), APPS, APPS)
def test_a_coverage_includes_what_it_could_have_shown_each_of(
    coverage: Coverage, apps: frozenset[App], kept: frozenset[App]
) -> None:
    assert coverage.includes(apps) == all(coverage.includes(frozenset({app})) for app in apps)
    assert coverage.narrowed(kept).includes(apps) == (apps <= kept and coverage.includes(apps))


@given(worlds(phones=3, versions=1))
def test_what_is_kept_of_looks_means_the_same_as_all_of_them(world: World) -> None:
    laws.concise_is_shorter_and_means_the_same(world)


@given(reports(), reports())
def test_a_concise_presence_goes_on_folding_as_the_whole_would(said: Reports, later: Reports) -> None:
    whole = fold(presence_of(said), later)
    assert concise(fold(concise(presence_of(said)), later)) == concise(whole)
    assert fold(concise(presence_of(said)), later).shown == whole.shown
