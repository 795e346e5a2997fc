"""Signing in at Microsoft as an application of one tenant, by its secret: the same for Graph and for Exchange Online."""

from collections.abc import Callable, Mapping, Sequence

from countermand.core.errors import Refused
from countermand.lib.granted import Granted, client_credentials
from countermand.lib.vendor import Link, Request, Setting

ID = r"[0-9A-Za-z.-]{1,64}"
TOKEN = Request("POST", rf"/{ID}/oauth2/v2\.0/token", "the client's secret")
WHO: Mapping[str, Setting] = {
    "tenant": Setting("the directory (tenant) id", form=ID),
    "client": Setting("the application (client) id", form=ID),
}
LOGIN: Mapping[str, Setting] = {"login": Setting("where tokens are given out", "https://login.microsoftonline.com")}


def granted(link: Link, requests: Sequence[Request], strange: Callable[[str], Refused]) -> Granted:
    """The API at the link's ``url``, for these requests alone. ``strange``: the refusal of what Microsoft would not write."""
    api = link.outward(link.settings["url"], tuple((one.method, one.path) for one in requests if one is not TOKEN))
    login = link.outward(link.settings["login"], ((TOKEN.method, TOKEN.path),))
    form = client_credentials(link.secret, {"client_id": link.settings["client"], "scope": f"{api.base}/.default"})
    return Granted(api, login, f"/{link.settings['tenant']}/oauth2/v2.0/token", form, link.now, strange)
