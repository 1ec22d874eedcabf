"""Which undeclared objects an environment accepts: by name, and roles and bindings by what they do.

Whoever may write bindings chooses their names. So the name of an accepted binding covers nobody and
nothing that its acceptance does not state: the role, the subjects, and what the role allows today.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from fnmatch import fnmatchcase

from provisioner.blueprint.kubernetes import AcceptedObject
from provisioner.cluster.objects import Key, Object
from provisioner.cluster.permissions import (
    Risk,
    Roles,
    find_risks,
    name_subjects,
)

_ROLES = ("Role", "ClusterRole")
_BINDINGS = ("RoleBinding", "ClusterRoleBinding")


def find_acceptance(
    key: Key, body: Object, accepted: Iterable[AcceptedObject], roles: Roles, today: date
) -> tuple[AcceptedObject | None, str | None]:
    """Return the entry that accepts an object, and None; or None, and why the one that has its name
    does not accept it (None where no entry has its name)."""
    why: str | None = None
    for entry in accepted:
        if not _has_name(entry, key) or entry.expires < today:
            continue
        objections = tuple(_objections(entry, key, body, roles))
        if not objections:
            return entry, None
        why = why or f"{entry.kind}/{entry.name} does not accept {'; '.join(objections)}"
    return None, why


def _has_name(entry: AcceptedObject, key: Key) -> bool:
    return (
        entry.kind == key.kind
        and fnmatchcase(key.name, entry.name)
        and fnmatchcase(key.namespace, entry.namespace)
    )


def _objections(entry: AcceptedObject, key: Key, body: Object, roles: Roles) -> Iterator[str]:
    """Yield what of a role or a binding its acceptance does not cover."""
    if key.kind in _BINDINGS:
        role = str((body.get("roleRef") or {}).get("name"))
        if entry.role is not None and not fnmatchcase(role, entry.role):
            yield f"the role {role}"
        for subject in name_subjects(body):
            if not _covers(entry.subjects, subject):
                yield f"the subject {subject}"
        rules = roles.rules_of(body)
        if rules is None:
            yield f"the role {role}, which was not found"
            return
    elif key.kind in _ROLES:
        rules = roles.rules.get((key.namespace, key.name)) or ()
    else:
        return
    found = (risk for kind in (Risk.ESCALATION, Risk.SHELL) for risk in find_risks(rules, kind))
    for words in dict.fromkeys(found):
        if not any(fnmatchcase(words, pattern) for pattern in entry.allows):
            yield f"that it {words}"


def _covers(patterns: tuple[str, ...], subject: str) -> bool:
    if not patterns:
        return " " not in subject
    return any(fnmatchcase(subject, pattern) for pattern in patterns)
