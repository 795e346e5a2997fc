"""How the fleet is cut: into blocks of this many ordinals. By itself, because a gate needs no more of facts."""

BLOCK_SIZE = 1 << 16
