"""The operators' console: write an order, see whom it hits, agree, lead it, stop it. It holds no rule of its own: what it does
is what the API does, by the same operations."""
