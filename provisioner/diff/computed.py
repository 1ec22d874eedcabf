"""Reads what Azure alone writes into a body: ids, addresses, the OIDC issuer URL of a cluster.

Called by `plan.estates`.
"""

from collections.abc import Mapping

from provisioner.catalog.resource_type import ResourceType
from provisioner.catalog.schema import SchemaIndex
from provisioner.diff.rules import Rule, Rules, rules_of
from provisioner.model.values import Body, Value


def computed_values(
    resource_type: ResourceType, schemas: SchemaIndex, actual: Body
) -> Mapping[str, Value]:
    """Return the single values in a live body that Azure alone writes and the resource decides.

    States are left out (`Field.health`), and so are lists: whether a peering is connected, or who
    approved which connection, is decided by others.
    """
    rules = rules_of(resource_type, schemas)
    return _computed_part(rules, rules.root, actual)


def _computed_part(rules: Rules, rule: Rule, value: Mapping[str, object]) -> Mapping[str, Value]:
    found: dict[str, Value] = {}
    for key, item in value.items():
        child = rules.child(rule, key)
        if child.is_map or child.states or child.fact.health is not None or child.fact.secret:
            continue
        if child.computed and isinstance(item, (str, int, float, bool)):
            found[key] = item
        elif isinstance(item, Mapping) and (below := _computed_part(rules, child, item)):
            found[key] = below
    return found
