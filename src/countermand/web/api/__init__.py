"""The HTTP API: the table of operations as routes of django-ninja, with its OpenAPI document."""

# django-ninja reads Django's settings when it is imported; opening the reads makes them.
from countermand.reads import installation as installation
