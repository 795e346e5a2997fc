"""The tamper-evident record as bytes and hashes: entries, tree, checkpoints, tiles, verification. Can be shipped alone."""
