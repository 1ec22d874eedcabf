"""Undeclared objects that an environment accepts (`kubernetes.accepted`).

Whoever may write bindings chooses their names. So the name of an accepted binding covers nobody and
nothing that its acceptance does not state: the role, the subjects, and what the role allows today.

Called by `undeclared_objects`.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from fnmatch import fnmatchcase

from provisioner.blueprint.kubernetes import AcceptedObject
from provisioner.cluster.objects import Key, Object
from provisioner.cluster.permissions import (
    Risk,
    Roles,
    Rule,
    find_aggregates,
    find_risks,
    name_subjects,
)

_RISKS = (Risk.ESCALATION, Risk.SHELL, Risk.BYPASS)
_ROLES = ("Role", "ClusterRole")
_BINDINGS = ("RoleBinding", "ClusterRoleBinding")


def find_acceptance(
    key: Key, body: Object, accepted: Iterable[AcceptedObject], roles: Roles, today: date
) -> tuple[AcceptedObject | None, str | None]:
    """Return the entry that accepts an object, and None; or None, and why no entry does.

    The reason is that of the entry which has the object's name, and None where no entry has it.
    """
    why: str | None = None
    for entry in accepted:
        if not _matches_name(entry, key) or entry.expires < today:
            continue
        objections = tuple(_uncovered_effects(entry, key, body, roles))
        if not objections:
            return entry, None
        why = why or f"{entry.kind}/{entry.name} does not accept {'; '.join(objections)}"
    return None, why


def _matches_name(entry: AcceptedObject, key: Key) -> bool:
    return (
        entry.kind == key.kind
        and fnmatchcase(key.name, entry.name)
        and fnmatchcase(key.namespace, entry.namespace)
    )


def _uncovered_effects(
    entry: AcceptedObject, key: Key, body: Object, roles: Roles
) -> Iterator[str]:
    """Yield what of a role or a binding its acceptance does not cover."""
    rules: Iterable[Rule] | None = ()
    if key.kind in _BINDINGS:
        yield from _uncovered_binding(entry, body)
        rules = roles.rules_of(body)
    elif key.kind in _ROLES:
        # Then everybody who has `view` has these rules, whomever the accepted bindings name.
        found = (f"aggregates to {target}" for target in find_aggregates(body))
        yield from (f"that it {words}" for words in found if not _is_allowed(entry, words))
        rules = roles.rules.get((key.namespace, key.name))
    if rules is None and key.kind in _BINDINGS:
        yield f"the role {_role_of(body)}, which was not found"
    risks = (words for kind in _RISKS for words in find_risks(rules or (), kind))
    for words in dict.fromkeys(risks):
        if not _is_allowed(entry, words):
            yield f"that it {words}"


def _uncovered_binding(entry: AcceptedObject, binding: Object) -> Iterator[str]:
    role = _role_of(binding)
    if entry.role is not None and not fnmatchcase(role, entry.role):
        yield f"the role {role}"
    for subject in name_subjects(binding):
        if not _covers_subject(entry.subjects, subject):
            yield f"the subject {subject}"


def _role_of(binding: Object) -> str:
    return str((binding.get("roleRef") or {}).get("name"))


def _is_allowed(entry: AcceptedObject, words: str) -> bool:
    return any(fnmatchcase(words, pattern) for pattern in entry.allows)


def _covers_subject(patterns: tuple[str, ...], subject: str) -> bool:
    if not patterns:
        # Without stated subjects service accounts are covered, whose text has no space; users and
        # groups have to be stated.
        return " " not in subject
    return any(fnmatchcase(subject, pattern) for pattern in patterns)
