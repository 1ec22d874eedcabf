"""What role assignments let people do in a cluster, where Azure RBAC decides it.

An action of the Kubernetes API is a data action of `Microsoft.ContainerService/managedClusters`
(guidelines.md §0.3). It is asked for at the cluster, or at `<cluster>/namespaces/<name>` (§0.4).
"""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from provisioner.controls.kinds import CLUSTER, ROLE_ASSIGNMENT, ROLE_DEFINITION
from provisioner.controls.subject import Subject
from provisioner.model.resource_id import ResourceId

ROLE = "properties.roleDefinitionId"
PERMISSIONS = "properties.permissions"
READS: Mapping[str, tuple[str, ...]] = {ROLE_ASSIGNMENT: (ROLE,), ROLE_DEFINITION: (PERMISSIONS,)}
"""What a rule reads that asks what a role grants, by type."""

_NAMESPACE = f"{CLUSTER}/namespaces".lower()
_MANAGED = f"{CLUSTER}/managedNamespaces".lower()


def action(name: str) -> str:
    """Return the data action of an action on something in a cluster: `pods/exec/action`."""
    return f"{CLUSTER}/{name}"


def role_of(grant: Subject) -> str:
    """Return the GUID of the role that an assignment gives, in lower case."""
    return str(grant.value(ROLE)).rpartition("/")[2].lower()


def definitions(asker: Subject, guid: str) -> Iterator[Subject]:
    """Yield the definitions of a role: the same one may stand at several scopes."""
    return (found for found in asker.all(ROLE_DEFINITION) if found.name.lower() == guid)


def data_actions(definition: Subject) -> frozenset[str]:
    """Return what a role allows on data, in lower case, with its wildcards."""
    return _listed(definition, "dataActions")


def has_actions(definition: Subject) -> bool:
    """Tell whether a role also allows something in Azure Resource Manager itself."""
    return bool(_listed(definition, "actions"))


def allows(definition: Subject, wanted: str) -> bool:
    """Tell whether a role allows a data action: a wildcard stands for any text."""
    for permission in definition.entries(PERMISSIONS):
        granted = _matches(wanted, permission.get("dataActions"))
        if granted and not _matches(wanted, permission.get("notDataActions")):
            return True
    return False


def is_in_namespace(scope: ResourceId) -> bool:
    """Tell whether a scope is a namespace of a cluster, or a part of one."""
    within = (scope, *scope.ancestors)
    return any(place.type.lower() in (_NAMESPACE, _MANAGED) for place in within)


def _listed(definition: Subject, name: str) -> frozenset[str]:
    lists = [permission.get(name) for permission in definition.entries(PERMISSIONS)]
    return frozenset(
        str(entry).lower() for found in lists if isinstance(found, (list, tuple)) for entry in found
    )


def _matches(wanted: str, patterns: object) -> bool:
    listed = patterns if isinstance(patterns, (list, tuple)) else ()
    return any(fnmatchcase(wanted.lower(), str(pattern).lower()) for pattern in listed)
