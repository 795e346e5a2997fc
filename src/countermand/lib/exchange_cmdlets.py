"""Exchange Online's cmdlets through the endpoint that its PowerShell module uses, which its vendor documents for nobody else.

Through this one path anything could be done, a wipe too: so each user of it says which cmdlets it may name, and with which
parameters, and nothing else is sent. A parameter is never empty, because an empty identity means every object there is
(Microsoft, Get-MobileDeviceStatistics).
"""

from collections.abc import Callable, Mapping
from typing import Any

from countermand.core.errors import Refused
from countermand.lib.http import Response
from countermand.lib.microsoft import ID, LOGIN, TOKEN, WHO, granted
from countermand.lib.vendor import Link, Request, Setting

_INVOKE = rf"/adminapi/beta/{ID}/InvokeCommand"
SETTINGS: Mapping[str, Setting] = {
    **WHO,
    "unsupported": Setting("that you accept that the vendor does not support this way: accepted", form="accepted"),
    "url": Setting("Exchange Online's address", "https://outlook.office365.com"),
    **LOGIN,
}
#: Cmdlet → the parameters that it may be given.
Allowed = Mapping[str, frozenset[str]]


def requests(needs: str) -> tuple[Request, ...]:
    """All that is ever sent; ``needs``: the least role for the cmdlets that are named."""
    return (TOKEN, Request("POST", _INVOKE, needs))


class Cmdlets:
    """One organisation. ``strange``: the refusal of what the vendor would not write."""

    def __init__(self, link: Link, allowed: Allowed, strange: Callable[[str], Refused]) -> None:
        self.api = granted(link, requests(""), strange)
        self._allowed = allowed
        self._path = f"/adminapi/beta/{link.settings['tenant']}/InvokeCommand"

    def tried(self, cmdlet: str, parameters: Mapping[str, Any], anchor: str) -> Response:
        """One try, and whatever is answered to it. ``anchor``: the mailbox that it is about. ValueError for what is not on the
        list of what may be asked."""
        return self.api.tried("POST", self._path, self._input(cmdlet, parameters), headers=_anchored(anchor))

    def rows(self, cmdlet: str, parameters: Mapping[str, Any], page: str, size: int, anchor: str = "") -> tuple[list[Any], str]:
        """(rows, which page follows, '' after the last) of a list, from ``page`` on ('' = the first), patiently. Denied;
        ValueError as ``tried``."""
        headers = {**_anchored(anchor), "prefer": f"odata.maxpagesize={size}"}
        path = f"{self._path}?{page}" if page else self._path
        found = self.api.object(self.api.answered("POST", path, self._input(cmdlet, parameters), headers=headers))
        rows, following = found.get("value"), found.get("@odata.nextLink")
        if not isinstance(rows, list):
            raise self.api.strange("an answer without its value")
        follows = self._inside(following) if following else ""
        if follows and follows == page:
            raise self.api.strange("a page that is followed by itself")
        return rows, follows

    def _inside(self, link: Any) -> str:
        """The query of a following page, which must be this endpoint's own: the token goes nowhere else."""
        here, _, query = str(link).partition("?")
        if here != f"{self.api.base}{self._path}" or not query:
            raise self.api.strange("its next page is somewhere else")
        return query

    def _input(self, cmdlet: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        if not parameters.keys() <= self._allowed.get(cmdlet, frozenset()) or not parameters or not all(parameters.values()):
            raise ValueError(f"{cmdlet} with {sorted(parameters)} is not on the list of what may be asked")
        return {"CmdletInput": {"CmdletName": cmdlet, "Parameters": dict(parameters)}}


def _anchored(mailbox: str) -> dict[str, str]:
    return {"x-anchormailbox": f"UPN:{mailbox}"} if mailbox and mailbox.isascii() else {}
