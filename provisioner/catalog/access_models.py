"""Changes of an access setting that end somebody's access.

Each rule (`Field.ends`) is called for one property that differs, with the bodies before and after,
and returns the sentence that a reviewer reads, or None where nobody loses access. A body without
properties is that of a resource about to be created.
"""

from collections.abc import Mapping

from provisioner.catalog.field import ChangeRule
from provisioner.model.values import Body, lookup

_SHOWN = 3


def permission_model_changes(before: Body, after: Body) -> str | None:
    """Return why a change of a vault's permission model ends access, or None.

    A vault has one model, and what the other one granted no longer applies
    (learn.microsoft.com/azure/key-vault/general/rbac-migration).
    """
    if not _is_existing(before):
        return None
    if lookup(after, ("properties", "enableRbacAuthorization")) is not True:
        return "the access by role assignments ends: access policies decide from then on"
    policies = lookup(before, ("properties", "accessPolicies"))
    entries = policies if isinstance(policies, (list, tuple)) else ()
    named = sorted({str(lookup(entry, ("objectId",))) for entry in entries})
    if not named:
        return None
    shown = ", ".join(named[:_SHOWN])
    more = f" and {len(named) - _SHOWN} more" if len(named) > _SHOWN else ""
    return f"the access that policies give {shown}{more} ends: roles decide from then on"


def ends_with(path: str, value: object, sentence: str) -> ChangeRule:
    """Return a rule: a change of `path` to `value` ends the access that `sentence` describes."""
    steps = path.split(".")

    def judge(before: Body, after: Body) -> str | None:
        now = lookup(after, steps)
        is_it = now.lower() == str(value).lower() if isinstance(now, str) else now is value
        return sentence if is_it and _is_existing(before) else None

    return judge


def _is_existing(body: Body) -> bool:
    return isinstance(body.get("properties"), Mapping)
