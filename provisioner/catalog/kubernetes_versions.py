"""Kubernetes versions that AKS offers (guidelines.md CLU-06.1), for the built-in Azure."""

from provisioner.model.values import Json

_PATCHES = {"1.33": "1.33.12", "1.34": "1.34.7", "1.35": "1.35.4", "1.36": "1.36.1"}
DEFAULT_VERSION = "1.35"
"""The minor version of a cluster that states none."""


def running_version(stated: Json) -> str:
    """Return the version that runs where `stated` is asked for: a minor one gets its patch."""
    text = stated if isinstance(stated, str) and stated else DEFAULT_VERSION
    return _PATCHES.get(text, text)


def is_at_least(version: object, *wanted: int) -> bool:
    """Tell whether a Kubernetes version (`1.34`, `1.34.2`) is one, or a later; so is none."""
    parts = version.split(".")[: len(wanted)] if isinstance(version, str) else []
    return not (parts and all(map(str.isdigit, parts))) or tuple(map(int, parts)) >= wanted
