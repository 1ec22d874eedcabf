"""Security labels and annotations of namespaces that no environment declares as objects.

Azure Resource Manager makes the namespaces of `managedNamespaces`, Kubernetes makes `default`: an
apply never writes them, and what others put there decides on what pods in them may do.

Called by `undeclared_objects`.
"""

import math
from collections.abc import Iterator, Mapping

from provisioner.cluster.objects import Object
from provisioner.cluster.undeclared_values import steers_security

_ENFORCE = "pod-security.kubernetes.io/enforce"
_POD_SECURITY = "pod-security.kubernetes.io/"
_LEVELS = ("privileged", "baseline", "restricted")
_MANAGED = "kubernetes.azure.com/managedbyarm"
"""In small letters, the mark of a namespace that Azure Resource Manager makes: AKS refuses changes
to it there. On another namespace nobody put it right; nor `kubernetes.azure.com/managedby: aks`, by
whose selector AKS' admissions enforcer leaves namespaces out of webhooks."""


def find_steering_values(
    body: Object, expected: Mapping[str, str], *, is_managed: bool
) -> dict[str, str]:
    """Return the security labels and annotations of a namespace that are not as `expected`.

    They are by name with their value, `missing` for one that is gone; `expected` is what Azure
    makes the namespace with, and `is_managed` marks one that Azure Resource Manager makes. Of Pod
    Security Admission only what lowers the enforced standard counts.
    """
    metadata = body.get("metadata") or {}
    stated = {**(metadata.get("annotations") or {}), **(metadata.get("labels") or {})}
    return dict(sorted(_differing_values(stated, expected, is_managed=is_managed)))


def _differing_values(
    stated: Mapping[str, str], expected: Mapping[str, str], *, is_managed: bool
) -> Iterator[tuple[str, str]]:
    for name in {*stated, *expected}:
        if not steers_security(name) or (is_managed and name.lower() == _MANAGED):
            continue
        found, intended = stated.get(name), expected.get(name)
        if found == intended:
            continue
        if name.startswith(_POD_SECURITY) and not _lowers_standard(name, found, intended):
            continue
        yield name, "missing" if found is None else str(found)


def _lowers_standard(name: str, found: str | None, intended: str | None) -> bool:
    """Return whether a label of Pod Security Admission lowers what is enforced.

    Without one nothing is enforced; the standard of an older version (`enforce-version`) has fewer
    rules.
    """
    if name == f"{_ENFORCE}-version":
        return _minor_version(found) < _minor_version(intended)
    if name != _ENFORCE:
        return False
    if found is not None and intended is None:
        return found == _LEVELS[0]
    return _level_rank(found) < _level_rank(intended)


def _minor_version(version: str | None) -> float:
    """Return the minor version of v1.34; the latest, which is the default, is above all others."""
    number = (version or "latest").removeprefix("v1.")
    return int(number) if number.isdecimal() else math.inf


def _level_rank(level: str | None) -> int:
    return _LEVELS.index(level) if level in _LEVELS else 0
