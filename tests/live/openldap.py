"""OpenLDAP's server on this machine: its own folder, its own certificate, a directory that may be changed while it runs."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from authority import Authority

from countermand.config import Ldap
from ports import free_port

_SLAPD = shutil.which("slapd") or "/usr/sbin/slapd"
_BASE = "dc=example,dc=org"
_CONF = """\
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include /etc/ldap/schema/nis.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/slapd.pid
TLSCACertificateFile {ca}
TLSCertificateFile {certificate}
TLSCertificateKeyFile {key}
{security}
disallow bind_anon
require bind
database mdb
maxsize 268435456
suffix "{base}"
rootdn "cn=admin,{base}"
rootpw admin-secret
directory {folder}/db
limits dn.exact="cn=reader,{base}" size.soft=50 size.hard=50 size.pr=600 size.prtotal={total}
access to attrs=userPassword by anonymous auth by * none
access to dn.subtree="ou=secret,{base}" by * none
access to * by dn.exact="cn=reader,{base}" read by * none
"""
_TREE = f"""\
dn: {_BASE}
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: cn=reader,{_BASE}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: reader
userPassword: reader-secret

dn: ou=people,{_BASE}
objectClass: organizationalUnit
ou: people

dn: ou=groups,{_BASE}
objectClass: organizationalUnit
ou: groups

"""


@dataclass
class OpenLdap:
    folder: Path
    plain: str
    tls: str
    ca: Path

    def settings(self, **more: object) -> Ldap:
        password = self.folder / "reader.secret"
        password.write_text("reader-secret\n")
        said: dict[str, object] = {
            "url": self.plain, "bind_dn": f"cn=reader,{_BASE}", "password_file": password, "ca_file": self.ca, "base": _BASE,
            "country": "st",
        }  # fmt: skip
        return Ldap(**{**said, **more})  # type: ignore[arg-type]

    def change(self, ldif: str, *, delete: tuple[str, ...] = ()) -> None:
        """Add or modify entries, and delete some."""
        who = ["-x", "-H", self.plain, "-ZZ", "-D", f"cn=admin,{_BASE}", "-w", "admin-secret"]
        environment = {"LDAPTLS_CACERT": str(self.ca), "PATH": "/usr/bin:/bin"}
        if ldif:
            said = {"input": ldif.encode(), "capture_output": True, "env": environment, "timeout": 60}
            done = subprocess.run(["ldapmodify", "-a", *who], check=False, **said)  # type: ignore[call-overload]
            assert done.returncode == 0, done.stderr
        if delete:
            subprocess.run(["ldapdelete", *who, *delete], check=True, env=environment, timeout=60)


def person(login: str, name: str = "", **more: str) -> str:
    """An entry in LDIF."""
    said = {"uid": login, "cn": name or login, "sn": name or login, "mail": f"{login}@example.org"} | more
    lines = "".join(f"{key}: {value}\n" for key, value in said.items())
    return f"dn: uid={login},ou=people,{_BASE}\nobjectClass: inetOrgPerson\n{lines}\n"


def group(name: str, *members: str) -> str:
    lines = "".join(f"member: {one}\n" for one in members)
    return f"dn: cn={name},ou=groups,{_BASE}\nobjectClass: groupOfNames\ncn: {name}\n{lines}\n"


def at(login: str) -> str:
    return f"uid={login},ou=people,{_BASE}"


def group_at(name: str) -> str:
    return f"cn={name},ou=groups,{_BASE}"


def _listens(url: str) -> bool:
    try:
        socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), 1).close()
    except OSError:
        return False
    return True


@contextmanager
def served(folder: Path, ldif: str, *, security: str = "security ssf=128", total: str = "unlimited") -> Iterator[OpenLdap]:
    """A server that gives nothing to who does not encrypt, with these entries."""
    folder.mkdir()
    (folder / "db").mkdir()
    authority = Authority(folder / "tls")
    certificate, key = authority.issue()
    conf = folder / "slapd.conf"
    words = {"folder": folder, "ca": authority.file, "certificate": certificate, "key": key, "base": _BASE}
    conf.write_text(_CONF.format(**words, security=security, total=total))
    loaded = subprocess.run(
        ["/usr/sbin/slapadd", "-q", "-f", str(conf)], input=(_TREE + ldif).encode(), capture_output=True, check=False, timeout=120
    )
    assert loaded.returncode == 0, loaded.stderr.decode()
    plain, tls = f"ldap://127.0.0.1:{free_port()}", f"ldaps://127.0.0.1:{free_port()}"
    with (folder / "slapd.log").open("wb") as log:
        server = subprocess.Popen([_SLAPD, "-f", str(conf), "-h", f"{plain} {tls}", "-d", "0"], stdout=log, stderr=log)
    try:
        until = time.monotonic() + 30
        while not all(_listens(url) for url in (plain, tls)):
            assert server.poll() is None, (folder / "slapd.log").read_text()
            assert time.monotonic() < until
            time.sleep(0.02)
        yield OpenLdap(folder, plain, tls, authority.file)
    finally:
        server.terminate()
        server.wait(30)
