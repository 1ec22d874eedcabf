"""The topology of an environment as boxes and edges, for the reports that draw it."""
