"""``--dry-run``: an operation run to its end with every refusal it would meet, and nothing of it kept."""


def would(dry_run: bool) -> str:
    """What stands before a result that did not happen."""
    return "Nothing was changed. If it were: " if dry_run else ""
