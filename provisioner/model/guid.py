"""GUIDs as Azure writes them: `11111111-1111-1111-1111-111111111111`, in either case."""

import re

GUID_PATTERN = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_GUID = re.compile(GUID_PATTERN)


def is_guid(text: str) -> bool:
    """Return whether a text is a GUID, and nothing else."""
    return _GUID.fullmatch(text) is not None
