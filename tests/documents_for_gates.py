"""The order that gate tests issue."""

from typing import Any

ORDER: dict[str, Any] = {
    "schema": "countermand/v1",
    "id": "no-tiktok",
    "title": "Remove TikTok from mobile devices that read company mail",
    "issuer": "Information Security",
    "reason": "Security risks.",
    "prohibits": [{"product": "TikTok"}],
    "applies_to": {"devices": {"unregistered": "deny"}},
    "consequence": "deny_mail",
    "due": {"at": "2020-07-17T17:00", "zone": "recipient", "fallback_zone": "UTC"},
    "gate": {"max_staleness": "24h", "on_stale": "allow"},
}
