"""A real OpenLDAP server is read: pages, TLS, groups within groups, who leaves, who is called differently, what waits."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from house import NOW, act, issued, open_house
from openldap import OpenLdap, at, group, group_at, person, served

from countermand.access import Act, Role
from countermand.config import Database, Holdbacks, Ldap
from countermand.core.errors import Refused, RefusedMany
from countermand.core.people import Person
from countermand.flows.bring_ldap import bring_ldap, sync_ldap
from countermand.flows.doctor import doctor
from countermand.flows.release import release
from countermand.reads import waiting
from countermand.store import directory, known, models

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]
ONE_ENGINE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def by(now: int = NOW) -> Act:
    return act("otto", Role.OPERATOR, now=now)


def staff(count: int) -> str:
    return "".join(person(f"p{number:04d}") for number in range(count))


ANN = person(
    "ann", "Änne Archer", displayName="Änne A.", st="Deutschland", preferredLanguage="de-CH, de;q=0.8", employeeType="contractor",
    manager=at("p0000"), description="kept by nobody",
)  # fmt: skip


def read(server: OpenLdap, folder: Path, **how: object) -> object:
    settings = how.pop("settings", None) or server.settings()
    return bring_ldap(by(), settings, folder, **how)  # type: ignore[arg-type]


def groups_of(login: str) -> frozenset[str]:
    ordinal = directory.find([login])[login]
    found = known.load_people([ordinal])
    return found[ordinal].groups if ordinal in found else frozenset()


@pytest.fixture
def state(store: Database, tmp_path: Path) -> Iterator[Path]:
    open_house()
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    yield folder
    assert doctor(by()).differences == ()
    assert not list((folder / "ldap").glob("*"))  # nothing that was read stays


def test_a_directory_is_read_page_by_page(state: Path, tmp_path: Path) -> None:
    tree = staff(1_203) + ANN
    tree += group("night", at("ann"), at("p0001")) + group("responders", group_at("night"), at("P0002").replace(",", " , "))
    tree += "dn: cn=posix,ou=groups,dc=example,dc=org\nobjectClass: posixGroup\ncn: posix\ngidNumber: 7\nmemberUid: ann\n\n"
    tree += "dn: uid=robot,ou=people,dc=example,dc=org\nobjectClass: account\nuid: robot\n\n"
    with served(tmp_path / "ldap", tree) as server:
        done = read(server, state, dry_run=True)
        assert directory.count() == 0
        assert done == read(server, state)
        again = read(server, state)
    assert (again.rows, again.added, again.changed) == (1_204, 0, 0)  # type: ignore[attr-defined]
    ann = directory.load([directory.find(["ann"])["ann"]]).popitem()[1]
    assert ann == Person("ann", "ann@example.org", "Änne A.", "", "de-CH", "DE", "contractor", frozenset({"night"}), "p0000")
    assert groups_of("ann") == {"night", "responders"}
    assert groups_of("p0002") == {"responders"}
    assert directory.count() == 1_204


@ONE_ENGINE
@pytest.mark.parametrize("way", ["ldaps", "starttls"])
def test_tls_is_asked_for_and_verified(state: Path, tmp_path: Path, way: str) -> None:
    with served(tmp_path / "ldap", staff(2)) as server:
        settings = server.settings(url=server.tls if way == "ldaps" else server.plain)
        assert read(server, state, settings=settings).rows == 2  # type: ignore[attr-defined]
        for wrong in (replace(settings, ca_file=None), replace(settings, url=settings.url.replace("127.0.0.1", "localhost"))):
            with pytest.raises(Refused, match="ldap-failed"):  # not trusted; another name than the certificate's
                read(server, state, settings=wrong)


@ONE_ENGINE
def test_nothing_travels_in_the_clear(state: Path, tmp_path: Path) -> None:
    for url in ("ldap://ldap.example.org", "http://127.0.0.1", "ldapi:///"):
        with pytest.raises(Refused, match="ldap-insecure"):
            bring_ldap(by(), Ldap(url=url, starttls=False, base="dc=x"), state)
    with served(tmp_path / "ldap", staff(2)) as server, pytest.raises(Refused, match="ldap-failed") as refused:
        read(server, state, settings=server.settings(starttls=False))
    assert "asks for TLS" in refused.value.sentence


@ONE_ENGINE
def test_half_an_answer_is_none(state: Path, tmp_path: Path) -> None:
    with served(tmp_path / "ldap", staff(1_000)) as server:
        wrong = tmp_path / "wrong"
        wrong.write_text("no")
        with pytest.raises(Refused, match="password is wrong"):
            read(server, state, settings=server.settings(password_file=wrong))
        with pytest.raises(Refused, match="nothing at this base"):
            read(server, state, settings=server.settings(base="dc=elsewhere"))
        with pytest.raises(Refused, match="ldap-failed"):
            read(server, state, settings=server.settings(people="(uid="))
    with pytest.raises(Refused, match="contact LDAP server"):
        read(server, state, settings=server.settings())
    with served(tmp_path / "small", staff(1_000), total="700") as server, pytest.raises(Refused, match="size limit"):
        read(server, state)
    assert directory.count() == 0


def test_who_is_listed_no_more_has_left(state: Path, tmp_path: Path) -> None:
    with served(tmp_path / "ldap", staff(20) + ANN) as server:
        read(server, state)
        server.change("", delete=(at("ann"),))
        assert read(server, state).changed == 1  # type: ignore[attr-defined]
        assert models.Person.objects.get(login="ann").active is False
        server.change(ANN)
        read(server, state)
    assert models.Person.objects.get(login="ann").active is True


def test_a_person_keeps_what_is_theirs_under_another_login(state: Path, tmp_path: Path) -> None:
    with served(tmp_path / "ldap", staff(20) + ANN) as server:
        read(server, state)
        before = directory.find(["ann", "p0001", "p0002"])
        moves = (("ann", "anna"), ("p0001", "ann"))  # one takes the login that the other leaves
        server.change("".join(
            f"dn: {at(old)}\nchangetype: modrdn\nnewrdn: uid={new}\ndeleteoldrdn: 1\n\n" for old, new in moves
        ))  # fmt: skip
        read(server, state)
    assert directory.find(["anna", "ann", "p0002"]) == {"anna": before["ann"], "ann": before["p0001"], "p0002": before["p0002"]}
    assert directory.count() == 21


def test_an_emptied_carve_out_waits_for_a_person(state: Path, tmp_path: Path) -> None:
    members = [at(f"p{number:04d}") for number in range(10)]
    tree = staff(20) + group("staff", *(at(f"p{number:04d}") for number in range(20))) + group("responders", *members)
    with served(tmp_path / "ldap", tree) as server:
        read(server, state)
        for number in range(20):
            models.Device.objects.create(
                ordinal=number, owner_id=number, platform="ios", ownership="corporate", enrollment="supervised", reads_mail=True
            )
        doctor(by(), repair=True)
        issued(10)
        server.change(f"dn: {group_at('responders')}\nchangetype: modify\nreplace: member\nmember: {members[0]}\n\n")
        with pytest.raises(Refused, match="import-held"):
            read(server, state)
        for _ in range(2):
            assert sync_ldap(by(), server.settings(), state, Holdbacks()) is None
        (batch,) = waiting.batches(by())
        assert "responders would shrink from 10 to 1" in waiting.why(batch)
        with pytest.raises(Refused, match="ldap-confirm"):
            release(by(), batch.pk)
        read(server, state, confirmed=True)
    assert not waiting.batches(by())
    assert groups_of("p0005") == {"staff"}


@ONE_ENGINE
def test_what_is_wrong_with_people_is_named(state: Path, tmp_path: Path) -> None:
    tree = staff(3) + person("bad", mail="no address") + person("Worse", employeeType="x" * 300)
    with served(tmp_path / "ldap", tree) as server, pytest.raises(RefusedMany) as refused:
        read(server, state)
    assert [one.where.field for one in refused.value.problems if one.where] == ["email", "employment"]
    assert directory.count() == 0
