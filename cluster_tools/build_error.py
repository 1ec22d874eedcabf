"""Why a tool is missing and cannot be built."""


class BuildError(Exception):
    """A tool is missing and cannot be built. Its text is for people: why, and what to do."""
