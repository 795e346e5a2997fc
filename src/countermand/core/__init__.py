"""Values and rules. Pure: no clock, no I/O, no framework; time is always an argument."""
