"""What receivers of Shared Signals ask for over HTTP: where things are, tokens, their stream, and what waits on it."""
