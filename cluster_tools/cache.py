"""The folder in which the tools are."""

import os
from pathlib import Path

CACHE = "AZSEC_CLUSTER_TOOLS"
"""The variable that names another folder for what is built."""


def cache_folder() -> Path:
    """Return the folder of the tools; it outlives a clone."""
    named = os.environ.get(CACHE)
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(named) if named else Path(cache) / "azsec-cluster-tools"
