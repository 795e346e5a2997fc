"""What the ledger refuses or finds wrong, each with a stable ``code`` that flows and reads translate."""

from typing import Any


class LedgerProblem(Exception):
    """``code`` is stable and equals a code of the product's error catalogue; ``params`` say where and what, for its sentence."""

    def __init__(self, code: str, **params: Any) -> None:
        self.code = code
        self.params = params
        super().__init__(f"{code}: " + ", ".join(f"{name}={value!r}" for name, value in params.items()))
