"""What all parts of a file have in common."""

from pydantic import BaseModel, ConfigDict


class FilePart(BaseModel):
    """A part of a file: frozen, and without room for what it does not name."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
