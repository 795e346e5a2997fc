"""One module per MDM or mail system: what it wrote, read into our own words. Pure; no vendor word goes further."""
