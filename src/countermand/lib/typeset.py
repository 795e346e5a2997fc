"""A page set by Typst: PDF for paper, PNG for a slide. What it says comes as values of JSON and is never read as markup."""

import json
from collections.abc import Mapping
from typing import Literal

import typst

Form = Literal["pdf", "png"]
#: Dots per inch of a picture: sharp on a projector, and still small.
_PPI = 144.0


def typeset(source: bytes, values: Mapping[str, object], form: Form) -> bytes:
    """``source`` reads ``values`` from ``sys.inputs.values``, and ``form`` beside them; as PNG it must be one page."""
    inputs = {"values": json.dumps(values), "form": form}
    made = typst.compile(source, format=form, ppi=_PPI, sys_inputs=inputs)
    if not isinstance(made, bytes):
        raise TypeError("a picture is one page")
    return made
