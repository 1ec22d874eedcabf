"""Names and ids of built-in policies for clusters, registries and Defender for Cloud.

They are in `built_in_policy_names.json`, as "Azure Policy built-in definitions" lists them for
Kubernetes, Container Registry and Security Center. An id is the same in every tenant. A name may
change ("Azure Active Directory" became "Microsoft Entra ID"): the file has both.
"""

import json
from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache
from importlib.resources import files

_ALIKE = 0.6
_MOST_OFFERED = 3
_KINDS = ("policyDefinitions", "policySetDefinitions")


def find_built_in_policy(name: str) -> str:
    """Return the id of a built-in policy, or set of policies, by its display name.

    Case and a final period are ignored.

    Raises:
        ValueError: No built-in policy has the name; the message has the nearest names.
    """
    known = _load_record()
    found = known.get(_fold_name(name))
    if found is None:
        close = get_close_matches(_fold_name(name), known, n=_MOST_OFFERED, cutoff=_ALIKE)
        offered = ", ".join(repr(known[key][0]) for key in close)
        hint = (
            f"Did you mean {offered}?" if close else f"None of the {len(known)} known is like it."
        )
        raise ValueError(
            f"no built-in policy {name!r} is known. {hint} State another by its id, "
            "/providers/Microsoft.Authorization/policyDefinitions/GUID"
        )
    return found[1]


def name_of_built_in_policy(policy_id: str) -> str | None:
    """Return the display name of a built-in policy, or set of policies, by its id.

    None for one that is not in the record. For a renamed policy it is one of its names.
    """
    return _names().get(policy_id.lower())


@lru_cache(maxsize=1)
def _names() -> Mapping[str, str]:
    return {policy_id.lower(): name for name, policy_id in _load_record().values()}


@lru_cache(maxsize=1)
def _load_record() -> Mapping[str, tuple[str, str]]:
    """Return (name, id) of each policy, by its folded name."""
    read = json.loads((files("provisioner.catalog") / "built_in_policy_names.json").read_bytes())
    return {
        _fold_name(name): (name, f"/providers/Microsoft.Authorization/{kind}/{guid}")
        for kind in _KINDS
        for name, guid in read[kind].items()
    }


def _fold_name(name: str) -> str:
    return name.strip().rstrip(".").lower()
