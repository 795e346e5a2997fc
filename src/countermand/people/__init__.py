"""Directories: people and groups, read into our own words."""
