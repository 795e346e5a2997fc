"""core.schedule: laws of dues over every zone, and what the clock says of stages, reminders, rings and phases."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from documents import directive
from hypothesis import given
from hypothesis import strategies as st

from countermand.core import forms, schedule
from countermand.core.directive import StageKind
from countermand.core.instants import DAY, HOUR, MINUTE, QUARTER, Instant, from_datetime, from_iso, to_datetime
from countermand.core.schedule import Phase, StageState

LEASE = 10 * MINUTE
EVERY_ZONE = sorted(forms.zones())
zones = st.sampled_from(EVERY_ZONE)
locals_ = st.datetimes(datetime.fromisoformat("2000-01-01"), datetime.fromisoformat("2040-01-01")).map(
    lambda local: local.replace(second=0, microsecond=0)
)
instants = st.integers(from_iso("2000-01-01T00:00:00Z"), from_iso("2040-01-01T00:00:00Z"))
spans = st.integers(0, 30 * 24).map(lambda hours: f"{hours}h")


def at(local: str, zone: str = "recipient", fallback: str = "UTC", notice: str = "0h", **more: object):
    return directive(due={"at": local, "zone": zone, "fallback_zone": fallback}, minimum_notice=notice, **more)


def stated(local: str, zone: str, claim: str = "2000-01-01T00:00:00Z", notice: str = "0h") -> Instant:
    due = schedule.due_at_claim(at(local, notice=notice), zone, 0, from_iso(claim), LEASE)
    assert due is not None
    return due


# -- laws --


@given(locals_, zones, zones, instants, spans)
def test_never_earlier_than_the_document_or_the_minimum_notice(
    local: datetime, zone: str, fallback: str, claim: Instant, notice: str
) -> None:
    order = at(f"{local:%Y-%m-%dT%H:%M}", fallback=fallback, notice=notice)
    due, document_due = schedule.due_at_claim(order, zone, claim, claim, LEASE), schedule.document_due(order, zone, claim)
    assert due is not None
    assert document_due is not None
    floor = max(document_due, claim + LEASE + order.minimum_notice)
    assert floor <= due < floor + QUARTER + 2 * HOUR  # an hour that exists twice is two hours at most
    assert due % QUARTER == 0


@given(locals_, zones, instants)
def test_a_stated_local_time_is_the_last_that_reads_so(local: datetime, zone: str, claim: Instant) -> None:
    due = schedule.due_at_claim(at(f"{local:%Y-%m-%dT%H:%M}"), zone, claim, claim, LEASE)
    assert due is not None
    shown = to_datetime(due).astimezone(ZoneInfo(zone))
    later = (to_datetime(due + shift).astimezone(ZoneInfo(zone)) for shift in (HOUR // 2, HOUR, 2 * HOUR))
    assert shown.replace(tzinfo=None) not in {moment.replace(tzinfo=None) for moment in later}


@given(locals_, zones)
def test_a_local_time_is_never_read_early(local: datetime, zone: str) -> None:
    """Whoever looks at a clock on the wall at the due sees the time stated, or, in a spring gap, a later one."""
    due = schedule.instant_of(local, zone)
    assert to_datetime(due).astimezone(ZoneInfo(zone)).replace(tzinfo=None) >= local
    assert all(from_datetime(local.replace(tzinfo=ZoneInfo(zone), fold=fold)) <= due for fold in (0, 1))


@given(locals_, st.sampled_from(["recipient", "Europe/Berlin", "Pacific/Apia"]))
def test_no_zone_on_earth_is_outside_earliest_and_latest(local: datetime, zone: str) -> None:
    order = at(f"{local:%Y-%m-%dT%H:%M}", zone=zone)
    earliest, latest = schedule.earliest_due(order, 0), schedule.latest_due(order, 0)
    assert earliest is not None
    assert latest is not None
    dues = [schedule.document_due(order, name, 0) for name in EVERY_ZONE]
    assert all(due is not None and earliest <= due <= latest for due in dues)
    assert latest % QUARTER == 0


@given(instants, spans, zones)
def test_a_span_counts_from_issue_in_every_zone(issued_at: Instant, span: str, zone: str) -> None:
    order = directive(due={"after": span})
    due = issued_at + forms.duration(span)
    assert schedule.document_due(order, zone, issued_at) == schedule.earliest_due(order, issued_at) == due
    latest = schedule.latest_due(order, issued_at)
    assert latest is not None
    assert due <= latest < due + QUARTER


# -- the hours that do not exist, or exist twice --


@pytest.mark.parametrize(
    ("local", "zone", "due"),
    [
        ("2020-10-25T02:30", "Europe/Berlin", "2020-10-25T01:30:00Z"),  # the second 02:30, winter time
        ("2020-03-29T02:30", "Europe/Berlin", "2020-03-29T01:30:00Z"),  # 03:30 summer time
        ("2020-11-01T01:15", "America/New_York", "2020-11-01T06:15:00Z"),
        ("2020-03-08T02:00", "America/New_York", "2020-03-08T07:00:00Z"),
        ("2020-04-05T01:45", "Australia/Lord_Howe", "2020-04-04T15:15:00Z"),  # half an hour twice
        ("2011-12-30T12:00", "Pacific/Apia", "2011-12-30T22:00:00Z"),  # a day that did not exist
        ("2020-07-17T17:00", "Asia/Kathmandu", "2020-07-17T11:15:00Z"),
        ("2020-07-17T17:00", "", "2020-07-17T17:00:00Z"),
        ("2020-07-17T17:00", "Mars/Olympus", "2020-07-17T17:00:00Z"),
    ],
)
def test_dues_on_odd_clocks(local: str, zone: str, due: str) -> None:
    assert schedule.document_due(at(local), zone, 0) == from_iso(due)
    assert stated(local, zone) == from_iso(due)


def test_a_notice_that_ends_in_the_doubled_hour_states_the_later_one() -> None:
    """Claimed at 00:10Z: with lease and notice it would be 02:30 summer time, an hour before the 02:30 that people may read."""
    due = stated("2020-01-01T00:00", "Europe/Berlin", claim="2020-10-22T00:10:00Z", notice="72h")
    assert due == from_iso("2020-10-25T01:30:00Z")


def test_the_quarter_is_rounded_up() -> None:
    assert stated("2020-01-01T00:00", "UTC", claim="2020-07-01T12:00:01Z") == from_iso("2020-07-01T12:15:00Z")
    assert stated("2020-01-01T00:00", "UTC", claim="2020-07-01T12:05:00Z") == from_iso("2020-07-01T12:15:00Z")
    assert stated("2020-01-01T00:00", "UTC", claim="2020-07-01T12:05:01Z") == from_iso("2020-07-01T12:30:00Z")


def test_a_zone_stated_is_everybodys() -> None:
    order = at("2020-07-17T17:00", zone="Europe/Brussels")
    assert schedule.document_due(order, "America/Los_Angeles", 0) == from_iso("2020-07-17T15:00:00Z")
    assert schedule.latest_due(order, 0) == from_iso("2020-07-17T15:00:00Z")


def test_the_last_zone_on_earth() -> None:
    assert schedule.latest_due(at("2020-07-17T17:00"), 0) == from_iso("2020-07-18T05:00:00Z")
    assert schedule.earliest_due(at("2020-07-17T17:00"), 0) == from_iso("2020-07-17T03:00:00Z")


def test_without_a_due_nothing_comes_due() -> None:
    order = directive()
    assert schedule.document_due(order, "UTC", 0) is None
    assert schedule.latest_due(order, 0) is None
    assert schedule.due_at_claim(order, "UTC", 0, 0, LEASE) is None


# -- days, stages, phase --


def test_days_end_in_the_fallback_zone() -> None:
    assert schedule.ends_at(directive(sunset="2021-01-17")) == from_iso("2021-01-18T00:00:00Z")
    assert schedule.ends_at(at("2020-07-17", fallback="Asia/Tokyo", sunset="2021-01-17")) == from_iso("2021-01-17T15:00:00Z")
    assert schedule.ends_at(directive()) is None
    assert schedule.document_due(at("2020-07-17"), "Europe/Berlin", 0) == from_iso("2020-07-17T22:00:00Z")


def test_a_day_whose_midnight_is_left_out_ends_after_it() -> None:
    """In Santiago the clock went from Saturday 24:00 to Sunday 01:00."""
    assert schedule.end_of(date(2020, 9, 5), "America/Santiago") == from_iso("2020-09-06T04:00:00Z")


NOON = from_iso("2020-07-12T12:00:00Z")


@pytest.mark.parametrize(
    ("met", "now", "state"),
    [
        ({}, NOON, StageState.OPEN),
        ({}, from_iso("2020-07-12T23:59:59Z"), StageState.OPEN),
        ({}, from_iso("2020-07-13T00:00:00Z"), StageState.MISSED),
        ({StageKind.IDENTIFY: NOON}, NOON, StageState.MET),
        ({StageKind.IDENTIFY: NOON}, NOON - 1, StageState.OPEN),
        ({StageKind.REPORT: NOON}, NOON, StageState.OPEN),
        ({StageKind.IDENTIFY: NOON + 30 * DAY}, NOON + 30 * DAY, StageState.MET),
    ],
)
def test_stages_by_the_clock(met: dict[StageKind, Instant], now: Instant, state: StageState) -> None:
    (standing,) = schedule.stages(directive(stages=[{"what": "identify", "due": "2020-07-12"}]), met, now)
    assert standing.state is state
    assert standing.ends == from_iso("2020-07-13T00:00:00Z")


def test_as_soon_as_practicable_is_never_missed() -> None:
    (standing,) = schedule.stages(directive(stages=[{"what": "remove"}]), {}, NOON + 10_000 * DAY)
    assert (standing.state, standing.ends) == (StageState.OPEN, None)


@pytest.mark.parametrize(
    ("state", "now", "phase"),
    [
        ("draft", "2020-07-01T00:00:00Z", None),
        ("rescinded", "2020-07-20T00:00:00Z", None),
        ("issued", "2020-07-17T02:59:59Z", Phase.NOTICE),
        ("issued", "2020-07-17T03:00:00Z", Phase.ENFORCED),
        ("issued", "2021-01-17T23:59:59Z", Phase.ENFORCED),
        ("issued", "2021-01-18T00:00:00Z", Phase.EXPIRED),
    ],
)
def test_phases(state: str, now: str, phase: Phase | None) -> None:
    assert schedule.phase(at("2020-07-17T17:00", sunset="2021-01-17"), state, 0, from_iso(now)) is phase


def test_without_a_due_it_gives_notice_as_long_as_it_holds() -> None:
    assert schedule.phase(directive(), "issued", 0, NOON) is Phase.NOTICE


def test_reminders_earliest_first() -> None:
    order = directive(reminders=["2h", "3d", "1d", "90m"], due={"after": "7d"})
    assert schedule.reminders(order, NOON) == [
        (NOON - 3 * DAY, "3d"),
        (NOON - DAY, "1d"),
        (NOON - 2 * HOUR, "2h"),
        (NOON - 90 * MINUTE, "90m"),
    ]
    assert schedule.reminders(directive(reminders=["24h", "1d"]), NOON) == [(NOON - DAY, "1d")]


# -- rings --

RINGS = {"rings": [{"share": "1%"}, {"share": "10%"}, {"share": "100%"}]}


def test_rings_hold_their_share() -> None:
    order = directive(rollout=RINGS)
    drawn = [schedule.ring_of(order, f"person{number}") for number in range(20_000)]
    assert 140 < drawn.count(0) < 260
    assert 1_650 < drawn.count(1) < 1_950
    assert set(drawn) == {0, 1, 2}


def test_a_ring_survives_a_new_version_and_not_a_new_lineage() -> None:
    people = [f"person{number}" for number in range(2_000)]
    first = {login for login in people if schedule.ring_of(directive(rollout=RINGS), login) == 0}
    assert first == {login for login in people if schedule.ring_of(directive(rollout=RINGS, title="Other"), login) == 0}
    assert first != {login for login in people if schedule.ring_of(directive(rollout=RINGS, id="other"), login) == 0}


@given(st.text(max_size=20))
def test_without_rings_everybody_is_in_the_first(login: str) -> None:
    assert schedule.ring_of(directive(), login) == 0


@given(st.text("abc.@", min_size=1, max_size=12), st.integers(1, 98))
def test_a_larger_share_never_moves_anybody_back(login: str, percent: int) -> None:
    smaller, larger = (
        directive(rollout={"rings": [{"share": f"{share}%"}, {"share": "100%"}]}) for share in (percent, percent + 1)
    )
    assert schedule.ring_of(larger, login) <= schedule.ring_of(smaller, login)


@given(st.integers(1, 3650 * 24 * 60).map(lambda minutes: minutes * MINUTE))
def test_a_span_is_written_as_it_is_read(span: int) -> None:
    assert forms.duration(forms.duration_text(span)) == span


@given(locals_)
def test_past_is_by_the_calendar(local: datetime) -> None:
    due = at(f"{local:%Y-%m-%dT%H:%M}").due
    assert due is not None
    assert schedule.past(due, (local + timedelta(days=1)).date())
    assert not schedule.past(due, (local - timedelta(minutes=1)).date())
    assert to_datetime(from_datetime(local.replace(tzinfo=UTC))).replace(tzinfo=None) == local
