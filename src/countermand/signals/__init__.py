"""Facts to machines: what the ledger records, told to whoever subscribed, in the forms that they read."""
