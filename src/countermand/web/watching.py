"""``/healthz``, ``/readyz`` and ``/metrics`` of the control plane.

``/healthz`` answers whoever asks, and says only that the process lives. The other two are for this machine, and for whoever
has the token of ``control.metrics_token_file``: directives are named in them.
"""

import asyncio
import hmac

from countermand.config import Config, secret
from countermand.lib import clock
from countermand.lib.addresses import loopback
from countermand.lib.prometheus import CONTENT_TYPE
from countermand.reads import condition
from countermand.reads.metrics import metrics
from countermand.web.answers import Scope, Send, answer, header, part, start

#: Counting reads the fleet's sets: who asks more often gets the same answer. Milliseconds.
_KEPT = 10_000
PATHS = frozenset({"/healthz", "/readyz", "/metrics"})


class Watching:
    """The three endpoints."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._counted, self._until = "", 0
        self._turn = asyncio.Lock()

    async def __call__(self, scope: Scope, send: Send) -> None:
        if scope["path"] == "/healthz":
            await answer(send, 200, {"ok": True})
        elif not await asyncio.to_thread(self._may, scope):
            await answer(send, 403, {"code": "not-allowed"})
        elif scope["path"] == "/readyz":
            found = await asyncio.to_thread(condition.checks, self._config)
            ready = all(check.ok for check in found)
            await answer(send, 200 if ready else 503, condition.plain(found, self._config))
        else:
            await self._metrics(send)

    async def _metrics(self, send: Send) -> None:
        async with self._turn:
            if clock.steady() >= self._until:
                self._counted = await asyncio.to_thread(metrics, self._config)
                self._until = clock.steady() + _KEPT
        data = self._counted.encode()
        await start(send, 200, CONTENT_TYPE.encode(), (b"content-length", str(len(data)).encode()))
        await part(send, data, more=False)

    def _may(self, scope: Scope) -> bool:
        client = scope.get("client")
        forwarded = header(scope, b"x-forwarded-for") or header(scope, b"forwarded")
        if client and loopback(client[0]) and not forwarded:
            return True
        file = self._config.control.metrics_token_file
        scheme, _, token = header(scope, b"authorization").partition(b" ")
        if file is None or scheme.lower() != b"bearer":
            return False
        kept = secret("control.metrics_token_file", file).encode()
        return bool(kept) and hmac.compare_digest(token.strip(), kept)
