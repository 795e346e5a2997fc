"""The ``countermand`` command: every subcommand a thin call of one flow or read, imported only when it runs."""

import gc
import sys

#: A gate is to be back before a phone notices that it was gone: for this form the command tree is not even loaded.
_GATE = ("gate", "--config")


def main() -> None:
    """The entry point; ends the process with the exit code of what was asked."""
    # Hundreds of modules are loaded and none of them is garbage: looking for some took a fifth of a command's start.
    gc.set_threshold(200_000, 20, 20)
    if len(sys.argv) == 4 and tuple(sys.argv[1:3]) == _GATE:
        import runpy

        del sys.argv[1]  # as if by python -m countermand.gates, without beginning anew
        runpy.run_module("countermand.gates", run_name="__main__", alter_sys=True)
    if sys.argv[1:2] in (["halt"], ["rescind"]):
        from countermand.cli.stopping import at_once

        at_once(sys.argv[1:])
    from countermand.cli.app import app

    app(prog_name="countermand")
