"""A plugin of mypy: what is for dataclasses alone is not called with a msgspec Struct.

mypy takes a Struct for a dataclass, because it is written like one; ``dataclasses.replace`` and its like fail on it all the same,
and only when they run. A Struct is changed with ``msgspec.structs.replace``.
"""

from collections.abc import Callable

from mypy.plugin import FunctionContext, Plugin
from mypy.types import CallableType, Instance, ProperType, TupleType, Type, TypeType, TypeVarType, UnionType, get_proper_type

_FOR_DATACLASSES = frozenset(f"dataclasses.{name}" for name in ("replace", "asdict", "astuple", "fields"))
_STRUCT = "msgspec.Struct"


def _structs(given: Type) -> list[str]:
    """The names of the Structs that a value of this type may be."""
    found: ProperType = get_proper_type(given)
    if isinstance(found, UnionType):
        return [name for one in found.items for name in _structs(one)]
    if isinstance(found, TypeType):
        return _structs(found.item)
    if isinstance(found, CallableType) and found.is_type_obj():  # the class itself
        return _structs(found.ret_type)
    if isinstance(found, TypeVarType):
        return _structs(found.upper_bound)
    if isinstance(found, TupleType):
        return _structs(found.partial_fallback)
    if isinstance(found, Instance) and found.type.has_base(_STRUCT):
        return [found.type.name]
    return []


class Structs(Plugin):
    """Looks at every call of these functions."""

    def get_function_hook(self, fullname: str) -> Callable[[FunctionContext], Type] | None:
        return _refuse if fullname in _FOR_DATACLASSES else None


def _refuse(context: FunctionContext) -> Type:
    for given in context.arg_types[0]:
        for name in _structs(given):
            context.api.fail(f"{name} is a msgspec Struct and no dataclass: use msgspec.structs", context.context)
    return context.default_return_type


def plugin(_version: str) -> type[Plugin]:
    return Structs
