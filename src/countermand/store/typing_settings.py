"""What the type checker needs to know of Django; nothing at run time reads it."""

SECRET_KEY = "types only"  # noqa: S105
INSTALLED_APPS = ["countermand.store"]
