"""Google's service accounts: a signed assertion (RFC 7523) asks for a token, on behalf of an administrator where one is named."""

from collections.abc import Callable, Mapping

import jwt

from countermand.core.errors import Refused
from countermand.core.instants import SECOND
from countermand.lib.granted import Form
from countermand.lib.read_json import read_json
from countermand.lib.vendor import Link

_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
#: How long an assertion is good for, in seconds.
_GOOD = 3_600


def assertion(link: Link, audience: str, scope: str, strange: Callable[[str], Refused], subject: str = "") -> Form:
    """The form, made anew each time. What ``strange`` makes is raised for a secret that is no service account's key file."""

    def form() -> Mapping[str, str]:
        now = link.now() // SECOND
        try:
            key = read_json(link.secret)
            claims = {"iss": key["client_email"], "scope": scope, "aud": audience, "iat": now, "exp": now + _GOOD}
            claims |= {"sub": subject} if subject else {}
            head = {"kid": str(key.get("private_key_id", ""))}
            return {"grant_type": _GRANT, "assertion": jwt.encode(claims, key["private_key"], "RS256", head)}
        except (ValueError, KeyError, TypeError, jwt.PyJWTError):
            raise strange("the secret is not a service account's key") from None

    return form
