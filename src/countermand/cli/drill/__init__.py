"""The drill: the founding case, rehearsed with real processes in a database from which nothing can leave."""
