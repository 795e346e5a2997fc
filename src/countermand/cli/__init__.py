"""The ``countermand`` command: every subcommand a thin call of one flow or read, imported only when it runs."""


def main() -> None:
    """The entry point; ends the process with the exit code of what was asked."""
    from countermand.cli.app import app

    app(prog_name="countermand")
