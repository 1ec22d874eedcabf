"""The base class of all parts of a file: frozen, and strict about unknown keys."""

from pydantic import BaseModel, ConfigDict


class FilePart(BaseModel):
    """A part of a file: frozen, and without room for what it does not name."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        # An environment has few of the parts that there are, and each is built into the file that
        # holds it, too.
        defer_build=True,
    )
