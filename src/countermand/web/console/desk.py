"""Where an operator sits: who they are, what time it is, and the pages that they are given."""

from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar
from zoneinfo import available_timezones

from django.http import HttpRequest, HttpResponse

from countermand.access import Act, allowed
from countermand.config import Config
from countermand.operations.operation import Call, Operation, perform
from countermand.reads.seats import Here
from countermand.web import pages
from countermand.web.console.menu import MENU, room_of

#: Where a browser says in which zone it is; what it says is believed for showing times alone.
_ZONE = "zone"
Asked = ParamSpec("Asked")
Result = TypeVar("Result")


@dataclass(slots=True)
class Desk:
    """One request of somebody at the console. ``here`` is None only at the pages by which people come in."""

    request: HttpRequest
    config: Config
    act: Act
    here: Here | None
    shown: list[str] = field(default_factory=list)

    @property
    def zone(self) -> str:
        asked = self.request.COOKIES.get(_ZONE, "").replace("%2F", "/")
        return asked if asked in available_timezones() else "UTC"

    def may(self, action: str) -> bool:
        return allowed(self.act.actor, action)

    def said(self, name: str) -> str:
        """A field of the form, or ''."""
        return str(self.request.POST.get(name, "")).strip()

    def asked(self, name: str) -> str:
        """A word of the address, or ''."""
        return str(self.request.GET.get(name, "")).strip()

    def do(self, operation: Operation[Asked, Result], *args: Asked.args, **kwargs: Asked.kwargs) -> Result:
        """What the API does, as whoever sits here. What names people records who looked, before it answers."""
        if operation.action == "read-person":
            self.shown.append(operation.name)
        return perform(operation, Call(self.act, self.config), *args, **kwargs)

    def page(self, template: str, status: int = 200, **values: object) -> HttpResponse:
        known: dict[str, Any] = {
            "zone": self.zone,
            "now": self.act.now,
            "drill": self.act.drill,
            "here": self.here,
            "room": room_of(self.request.path),
            "menu": [one for one in MENU if self.here is not None and self.may(one.action)],
            "origin": self.config.origin,
        }
        known.update(values)
        return pages.page(self.request, f"console/{template}", status, form=True, **known)

    def part(self, template: str, **values: Any) -> HttpResponse:
        """A piece of a page, for a script that puts it in its place."""
        return self.page(f"parts/{template}", **values)

    def piece(self, template: str, **values: Any) -> str:
        """The same as words, for an event that carries it."""
        return self.part(template, **values).content.decode()
