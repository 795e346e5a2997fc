"""Everything the product can be asked from outside, each thing declared once: the command line and the HTTP API are two
ways to the same operations."""
