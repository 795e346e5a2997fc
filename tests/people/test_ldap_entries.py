"""LDIF, and what is made of its entries: strict where half an answer would lose people, forgiving where people write freely."""

import base64
import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermand.config import Ldap
from countermand.core.errors import Refused
from countermand.core.table import Problems
from countermand.flows import bring_ldap
from countermand.lib import ldapsearch
from countermand.people import ldap
from countermand.people.ldif import Entry, entries


def read(text: str | bytes) -> list[Entry]:
    return list(entries((text if isinstance(text, bytes) else text.encode()).splitlines(keepends=True)))


def test_an_entry() -> None:
    coded = base64.b64encode("cn=Änne,dc=x".encode()).decode()
    text = f"version: 1\n# a comment\n that goes on\ndn:: {coded}\ncn: Än\n ne\nmember;range=0-1: a\nmail:\n\ndn: cn=b\n"
    first, second = read(text)
    assert first == Entry("cn=Änne,dc=x", {"cn": ("Änne",), "member;range=0-1": ("a",), "mail": ("",)})
    assert second == Entry("cn=b", {})
    assert read(text.replace("\n", "\r\n")) == [first, second]


def test_what_is_no_text_is_nothing() -> None:
    photo = base64.b64encode(b"\xff\xd8\xff").decode()
    assert read(f"dn: cn=a\njpegPhoto:: {photo}\n")[0].first("jpegphoto") == ""


@pytest.mark.parametrize(
    "text",
    [
        "cn: nobody's\n",
        "dn: cn=a\ncn no colon\n",
        "dn: cn=a\ndn: cn=b\n",
        "dn: cn=a\ncn:< file:///etc/passwd\n".replace(":<", "<:"),
        "dn:: !!!\n",
        "dn: cn=a\nSearch result truncated\n",
        "dn: cn=a\n" + "cn: " + "x" * (1 << 20) + "\n",
    ],
)
def test_half_an_answer_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="ldap-answer"):
        read(text)


def test_a_value_by_reference_is_never_followed() -> None:
    assert read("dn: cn=a\ncn:< file:///etc/passwd\n")[0].first("cn") == "< file:///etc/passwd"


_TEXT = st.text(st.characters(blacklist_categories=["Cs"]), max_size=40)


@given(st.lists(st.tuples(_TEXT.filter(bool), st.dictionaries(st.sampled_from(["cn", "mail", "sn"]), _TEXT)), max_size=5))
def test_whatever_was_written_is_read(written: list[tuple[str, dict[str, str]]]) -> None:
    def line(name: str, value: str) -> str:
        return f"{name}:: {base64.b64encode(value.encode()).decode()}\n"

    text = "\n".join(line("dn", dn) + "".join(line(name, value) for name, value in said.items()) for dn, said in written)
    expected = [Entry(dn, {name: (value,) for name, value in said.items()}) for dn, said in written]
    assert list(entries(text.encode().splitlines(keepends=True))) == expected


@given(st.binary(max_size=300))
def test_nothing_else_is_raised(data: bytes) -> None:
    with contextlib.suppress(Refused):
        read(data)


def test_names_are_compared_as_directories_compare_them() -> None:
    assert ldap.alike(r"CN=Archer\, Ann , OU=People,DC=Example") == ldap.alike(r"cn=archer\2C ann,ou=people,dc=example")


def test_people_and_groups() -> None:
    names = ldap.Names(login="sAMAccountName", key="objectGUID")
    found = [
        Entry("CN=Ann,DC=x", {"samaccountname": ("Ann",), "cn": ("Ann A.",), "manager": ("cn=ben, dc=x",), "c": ("de",)}),
        Entry("CN=Ben,DC=x", {"samaccountname": ("ben",), "objectguid": ("77",), "preferredlanguage": ("en-US,en",)}),
        Entry("CN=Printer,DC=x", {"cn": ("Printer",)}),
    ]
    problems = Problems("directory")
    ann, ben = ldap.people(found, names, problems)
    assert (ann.person.login, ann.person.name, ann.person.country, ann.manager) == ("ann", "Ann A.", "DE", "cn=ben,dc=x")
    assert (ann.key, ben.key, ben.person.locale) == ("cn=ann,dc=x", "77", "en-US")
    made = ldap.groups(
        [
            Entry("CN=In,DC=x", {"cn": ("In",), "member": ("cn=ANN,dc=x", "cn=printer,dc=x")}),
            Entry("CN=Out,DC=x", {"cn": ("Out",), "member": ("CN=in, DC=x", "ben")}),
        ],
        names,
        problems,
    )
    direct, edges = ldap.memberships(made, {one.dn: one.person.login for one in (ann, ben)})
    assert direct == {"ann": {"In"}, "ben": {"Out"}}
    assert edges == {("In", "Out")}
    assert not problems.count


def test_members_that_come_in_ranges(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Active Directory gives 1,500 members at once and says so in the attribute's name."""
    asked = []

    def search(server: object, base: str, wanted: str, attributes: list[str], into: Path, *, scope: str = "sub") -> None:
        asked.append((base, scope, *attributes[-1:]))
        into.write_text("".join(answer(base, attributes)))

    def answer(base: str, attributes: list[str]) -> Iterator[str]:
        people = [f"cn=p{number},dc=x" for number in range(3_500)]
        if base != "cn=all,dc=x":
            if "cn" in attributes and "member" not in attributes:
                yield from (f"dn: {one}\nuid: {one[3:-5]}\n\n" for one in people)
                return
            yield "dn: cn=all,dc=x\ncn: all\nmember;range=0-1499: " + "\nmember;range=0-1499: ".join(people[:1500]) + "\n\n"
            return
        start = int(attributes[0].partition("=")[2].partition("-")[0])
        end = "*" if start + 1500 >= len(people) else str(start + 1499)
        yield f"dn: {base}\n" + "".join(f"member;range={start}-{end}: {one}\n" for one in people[start : start + 1500])

    monkeypatch.setattr(ldapsearch, "search", search)
    monkeypatch.setattr(bring_ldap, "_compared", lambda keys: ({}, frozenset()))
    monkeypatch.setattr(bring_ldap, "reading", lambda: memoryview(b""))  # a context manager that does nothing
    found = bring_ldap._asked(Ldap(url="ldaps://x", base="dc=x"), tmp_path)
    people = list(found.read())
    assert len(people) == 3_500
    assert all(one.groups == {"all"} for one in people)
    assert asked[2:] == [("cn=all,dc=x", "base", "member;range=1500-*"), ("cn=all,dc=x", "base", "member;range=3000-*")]
