"""Killing the program at every statement: the stage on which it is done, in a process of its own (``python -m killing``)."""
