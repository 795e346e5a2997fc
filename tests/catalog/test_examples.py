"""Every known real order as directives: each file under examples/ loads, or is refused, with exactly the codes recorded here."""

from datetime import date
from pathlib import Path

import pytest

from countermand.catalog import load
from countermand.catalog.orders import load_orders
from countermand.core.catalogue import Expansion, expand
from countermand.core.cautions import cautions
from countermand.core.directive import Directive
from countermand.core.errors import RefusedMany
from countermand.core.schema import read
from countermand.lib.yaml import load as load_yaml

EXAMPLES = Path(__file__).parents[2] / "examples"

#: file → (day of proposing, warnings)
ACCEPTED: dict[str, tuple[date, set[str]]] = {
    "no-tiktok-on-mail": (date(2020, 7, 10), {"open-ended-selector", "unseen-products"}),
    "amazon-2020-07-as-told": (date(2020, 7, 10), set()),
    "amazon-2020-07-as-written": (date(2020, 7, 10), {"short-notice"}),
    "wellsfargo-2020-07": (date(2020, 7, 13), set()),
    # Some products of ByteDance and of Kaspersky have no verified iOS id, so the wide selectors say that too (decision 16).
    "us-omb-m-23-13": (date(2023, 2, 27), {"open-ended-selector", "network-not-a-device", "unseen-products"}),
    "us-dhs-bod-17-01": (date(2017, 9, 13), {"stage-not-removal", "open-ended-selector", "unseen-products"}),
    "us-tx-prohibited-tech-devices": (
        date(2022, 12, 7),
        {"open-ended-selector", "unseen-products", "network-not-a-device"},
    ),
    "us-tx-prohibited-tech-personal": (date(2022, 12, 7), {"open-ended-selector", "unseen-products"}),
    "us-tx-prohibited-tech-places": (date(2022, 12, 7), set()),
    "us-oh-eo-2023-03d": (
        date(2023, 1, 8),
        {"open-ended-selector", "unseen-products", "short-notice", "network-not-a-device"},
    ),
    "us-tsa-2020-02": (date(2020, 2, 23), set()),
    "us-tsa-2020-02-bill": (date(2020, 2, 23), set()),
    "eu-commission-2023-02": (date(2023, 2, 23), set()),
    "ca-tbs-2023-tiktok": (date(2023, 2, 27), {"short-notice"}),
    "ca-tbs-2023-wechat-kaspersky": (date(2023, 2, 27), {"open-ended-selector", "unseen-products"}),
    "uk-cabinet-office-2023": (date(2023, 3, 16), {"short-notice"}),
    "au-pspf-001-2023": (date(2023, 4, 4), set()),
    "au-deepseek-2025": (date(2025, 2, 4), {"network-not-a-device", "short-notice"}),
    "au-qld-restricted-2025": (date(2025, 4, 30), {"open-ended-selector"}),
    "nl-2023": (date(2023, 3, 21), {"open-ended-selector", "unseen-products"}),
}
REFUSED = {
    "wellsfargo-2020-07-denying": "deny-without-due",
    "us-tx-prohibited-tech-places-denying": "conduct-not-enforceable",
    "us-tsa-2020-02-denying": "conduct-not-enforceable",
    "uk-cabinet-office-2023-permits": "allow-list-not-a-directive",
    "nl-2023-permits": "allow-list-not-a-directive",
    "nl-2023-denying": "recommendation-cannot-deny",
}


def directive_of(path: Path) -> Directive:
    text = load_yaml(path.read_text(encoding="utf-8"), path.name)
    return read(text.plain, text.where)


def expansion_of(directive: Directive, on: date) -> Expansion:
    return expand(load(), directive.prohibits, directive.applies_to.platforms, on)


def test_the_files_are_exactly_those_recorded_here() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.yaml")} == set(ACCEPTED)
    assert {path.stem for path in (EXAMPLES / "refused").glob("*.yaml")} == set(REFUSED)


@pytest.mark.parametrize("name", ACCEPTED)
def test_it_loads_and_says_what_to_see_before_approving(name: str) -> None:
    proposed_on, expected = ACCEPTED[name]
    directive = directive_of(EXAMPLES / f"{name}.yaml")
    expansion = expansion_of(directive, proposed_on)
    assert {caution.code.value for caution in cautions(directive, expansion.unseen, proposed_on)} == expected
    assert bool(expansion.apps) is (directive.conduct is None)


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_with_one_code_at_a_line(name: str) -> None:
    with pytest.raises(RefusedMany) as refusal:
        directive_of(EXAMPLES / "refused" / f"{name}.yaml")
    assert [problem.code for problem in refusal.value.problems] == [REFUSED[name]]
    assert refusal.value.where is not None
    assert refusal.value.where.line is not None
    assert refusal.value.where.line > 1


@pytest.mark.parametrize("path", sorted(EXAMPLES.rglob("*.yaml")), ids=lambda path: path.stem)
def test_it_says_on_top_what_it_is(path: Path) -> None:
    assert path.read_text(encoding="utf-8").startswith("# ")


def test_each_lineage_has_its_own_id() -> None:
    ids = [directive_of(path).id for path in EXAMPLES.glob("*.yaml")]
    assert len(set(ids)) == len(ids)


def test_every_known_order_has_its_files_and_its_day_of_proposing() -> None:
    for order in load_orders():
        files = [name for name in ACCEPTED if name.startswith(order.id)]
        assert files == list(order.examples), order.id
        assert all(ACCEPTED[name][0] == order.issued for name in files), order.id


def test_ohio_s_doubled_names_count_once() -> None:
    expansion = expansion_of(directive_of(EXAMPLES / "us-oh-eo-2023-03d.yaml"), date(2023, 1, 8))
    assert expansion.products.count("RedNote") == 1
    assert expansion.products.count("Zhihu") == 1
    red_note = next(why for app, why in expansion.apps.items() if app.id == "com.xingin.xhs")
    assert any("Xiao HongShu" in reason and "Little Red Book" in reason for reason in red_note)


def test_the_design_s_example_leaves_out_the_work_suite() -> None:
    expansion = expansion_of(directive_of(EXAMPLES / "no-tiktok-on-mail.yaml"), date(2020, 7, 10))
    ids = {app.id for app in expansion.apps}
    assert "com.zhiliaoapp.musically" in ids
    assert "com.lemon.lvoverseas" in ids
    assert not ids & {"com.ss.android.lark", "com.larksuite.suite", "com.larksuite.lark", "com.bytedance.ee.lark"}
    assert "Lark / Feishu" not in expansion.products
