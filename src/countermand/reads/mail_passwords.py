"""The file in which Dovecot finds passwords that were issued to one device each."""

from countermand.access import Act, require
from countermand.core.devices import IdentityKind
from countermand.store import fleet


def passwd_file(act: Act) -> str:
    """Lines of Dovecot's passwd-file: name ``login/digest``, no password to compare, who it is and which device."""
    require(act.actor, "gate")
    lines = []
    for value in fleet.values_of(IdentityKind.PASSWORD):
        login = value.rpartition("/")[0]
        if login:
            lines.append(f"{value}:::::::nopassword user={login} device={value}\n")
    return "".join(lines)
