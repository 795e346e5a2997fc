"""core.cautions: each warning alone, and silence where there is nothing to see."""

from datetime import date
from typing import Any

import pytest
from documents import directive

from countermand.core.cautions import CautionCode, cautions
from countermand.core.devices import Platform

DAY = date(2020, 7, 10)


def found(unseen: tuple[tuple[str, Platform], ...] = (), **changes: Any) -> list[str]:
    shown = cautions(directive(**changes), unseen, DAY)
    assert all(caution.about in caution.sentence for caution in shown)
    return [str(caution.code) for caution in shown]


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({}, []),
        ({"applies_to": {"network": True}}, ["network-not-a-device"]),
        ({"prohibits": [{"owner": "ByteDance"}]}, ["open-ended-selector"]),
        ({"prohibits": [{"publisher": "Kaspersky"}]}, ["open-ended-selector"]),
        ({"prohibits": [{"list": "Texas"}]}, ["open-ended-selector"]),
        ({"prohibits": [{"category": "social", "owner_country": "CN"}]}, ["open-ended-selector"]),
        ({"prohibits": [{"product": "TikTok", "except": [{"owner": "X"}]}]}, []),
        ({"prohibits": [{"app": "ios:com.zhiliaoapp.musically"}]}, []),
        ({"due": {"after": "7d"}}, []),
        ({"due": {"after": "72h"}}, []),
        ({"due": {"after": "71h"}}, ["short-notice"]),
        ({"due": {"at": "2020-07-10"}}, ["short-notice"]),
        ({"due": {"at": "2020-07-14T00:00"}}, []),
        ({"due": {"at": "2020-07-13T23:59"}}, ["short-notice"]),
        ({"minimum_notice": "0h"}, ["short-notice"]),
        ({"minimum_notice": "71h", "due": {"after": "30d"}}, ["short-notice"]),
        ({"due": {"at": "2020-07-09"}}, ["short-notice", "past-due"]),
        ({"due": {"at": "2020-07-10T00:01"}}, ["short-notice"]),
        ({"stages": [{"what": "identify"}, {"what": "begin", "due": "2020-12-12"}]}, ["stage-not-removal"]),
        ({"stages": [{"what": "identify"}, {"what": "remove"}]}, []),
        ({"stages": [{"what": "identify"}], "due": {"after": "30d"}}, []),
    ],
)
def test_each_caution(changes: dict[str, Any], codes: list[str]) -> None:
    assert found(**changes) == codes


def test_unseen_products_are_named() -> None:
    unseen = (("WeChat", Platform.IOS), ("DeepSeek", Platform.ANDROID))
    assert found(unseen) == ["unseen-products"]
    (caution,) = cautions(directive(), unseen, DAY)
    assert "DeepSeek on android, WeChat on ios" in caution.sentence


def test_the_open_end_is_named() -> None:
    (caution,) = cautions(directive(prohibits=[{"category": "social", "owner_country": "CN"}, {"list": "Texas"}]), (), DAY)
    assert "category social and owner_country CN; list Texas" in caution.sentence


def test_every_code_has_its_words() -> None:
    everything = directive(
        applies_to={"network": True},
        prohibits=[{"owner": "ByteDance"}],
        due={"at": "2020-07-01"},
    )
    stages = directive(stages=[{"what": "plan"}])
    shown = [*cautions(everything, (("A", Platform.IOS),), DAY), *cautions(stages, (), DAY)]
    assert {caution.code for caution in shown} == set(CautionCode)
