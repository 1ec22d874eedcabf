"""Registry of azsec's own controls, found by the files of `provisioner/controls/chapters/`.

Called by `documents`, `custom` and `azsec controls`.
"""

import importlib
import pkgutil
import re
from collections.abc import Mapping
from functools import lru_cache

from provisioner.controls import chapters
from provisioner.controls.control import Control

CHAPTERS: Mapping[str, str] = {
    "CLU": "Securing a cluster",
    "WRK": "Securing workloads",
    "ENV": "Setting up environments",
    "NET": "Setting up and validating the virtual network",
    "PRV": "Provisioning clusters",
    "MON": "Monitoring and auditing",
    "CFG": "Configuration best practices",
    "SA": "Service accounts and secrets",
    "MAN": "Sample manifests",
    "PRF": "Network proofs",
}
"""The chapters of the guidelines, in their order, by the letters of their ids; then the proofs."""


@lru_cache(maxsize=1)
def all_controls() -> tuple[Control, ...]:
    """Return every control of azsec's own, in the order of the guidelines, the network proofs last.

    Each module of a chapter states its own as `CONTROLS`.

    Raises:
        ValueError: Where two controls have one id.
    """
    found: dict[str, Control] = {}
    for module in pkgutil.walk_packages(chapters.__path__, f"{chapters.__name__}."):
        if module.ispkg:
            continue
        for control in importlib.import_module(module.name).CONTROLS:
            if found.setdefault(control.id, control) is not control:
                raise ValueError(f"{control.id} stands twice among the controls")
    return tuple(sorted(found.values(), key=lambda control: _sort_key(control.id)))


@lru_cache(maxsize=1)
def controls_by_id() -> Mapping[str, Control]:
    """Return every control of azsec's own by its id."""
    return {control.id: control for control in all_controls()}


def _sort_key(name: str) -> tuple[int, tuple[int, ...]]:
    letters, _, numbers = name.partition("-")
    return list(CHAPTERS).index(letters), tuple(int(n) for n in re.findall(r"\d+", numbers))
