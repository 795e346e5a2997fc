"""What the type checker needs to know of Django; nothing at run time reads it."""

SECRET_KEY = "types only"
INSTALLED_APPS = ["countermand.store"]
