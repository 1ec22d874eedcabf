"""Holds the reading of SDK packages against well-known ones: `make schemas`."""
