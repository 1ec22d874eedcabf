"""The functions that expressions may call beyond those of CEL itself: docs/expressions.md.

Those on text and lists are in `text_functions` and `list_functions`; here are those on addresses,
names and Azure's ids. All are pure: the same arguments give the same value in every run. Called by
`blueprint.expression`.
"""

import base64
import hashlib
import ipaddress
import uuid
from collections.abc import Callable, Mapping

from provisioner.blueprint import list_functions as lists
from provisioner.blueprint import text_functions as texts
from provisioner.catalog.built_in_policy_names import find_built_in_policy
from provisioner.catalog.built_in_roles import ROLE_DEFINITION_TYPE, find_built_in_role
from provisioner.catalog.egress import CLOUDS, FEATURES, egress_of
from provisioner.catalog.private_link import private_link_zone
from provisioner.model.resource_id import ResourceId, parse_resource_id, subscription_id

_NAMESPACE = uuid.UUID("11fb06fb-712d-4ddd-98c7-e71bbd588830")


def cidrsubnet(prefix: str, new_bits: int, number: int) -> str:
    """Return the `number`-th (from 0) subnet of `prefix` that is `new_bits` longer.

    Raises:
        ValueError: For what is not a range, or a subnet that lies outside of it.
    """
    network = ipaddress.ip_network(prefix)
    length = network.prefixlen + new_bits
    if new_bits < 0 or length > network.max_prefixlen:
        raise ValueError(f"{prefix} cannot be split into /{length} ranges")
    if not 0 <= number < 2**new_bits:
        raise ValueError(f"{prefix} holds {2**new_bits} ranges of /{length}; there is no {number}")
    start = int(network.network_address) + number * 2 ** (network.max_prefixlen - length)
    return f"{type(network.network_address)(start)}/{length}"


def cidrhost(prefix: str, number: int) -> str:
    """Return the `number`-th address of `prefix`, counted from its first (0).

    Raises:
        ValueError: For an address outside of it.
    """
    network = ipaddress.ip_network(prefix)
    if not 0 <= number < network.num_addresses:
        raise ValueError(f"{prefix} holds {network.num_addresses} addresses; there is no {number}")
    return str(network.network_address + number)


def guid(*parts: object) -> str:
    """Return a GUID that depends on `parts` alone: names for role assignments and the like."""
    return str(uuid.uuid5(_NAMESPACE, "-".join(str(part).lower() for part in parts)))


def unique_string(*parts: object) -> str:
    """Return 13 letters and digits that depend on `parts` alone: tails of names unique in Azure."""
    digest = hashlib.sha256("-".join(str(part).lower() for part in parts).encode()).digest()
    return base64.b32encode(digest)[:13].decode().lower()


def role_definition_id(scope: str, role: str) -> str:
    """Return the id of a built-in role, by its name, as Azure writes it for this scope.

    Raises:
        ValueError: For a scope outside any subscription and for an unknown name.
    """
    parsed = parse_resource_id(scope)
    if parsed is None or parsed.subscription is None:
        raise ValueError(f"{scope!r} is not the id of something in a subscription")
    name = find_built_in_role(role)
    return ResourceId(ROLE_DEFINITION_TYPE, (name,), subscription_id(parsed.subscription)).text


def egress_rules(cloud: str, region: str, features: list[str]) -> list[dict[str, object]]:
    """Return the egress rules that features of a cluster need, a rule for each port.

    A rule has `name`, `description`, `protocol` (Https or Http), `port` and `hosts`.

    Raises:
        ValueError: For a feature whose required egress in this cloud is not known.
    """
    rules: list[dict[str, object]] = []
    for feature in features:
        needs = egress_of(cloud, feature, region)
        if needs is None:
            raise ValueError(_unknown_feature(feature, cloud))
        rules += [
            {
                "name": feature if need.protocol == "https" else f"{feature}-{need.protocol}",
                "description": f"A cluster needs it to {FEATURES[feature].purpose}.",
                "protocol": need.protocol.capitalize(),
                "port": need.port,
                "hosts": list(need.hosts),
            }
            for need in needs
            if not need.optional
        ]
    return rules


def _unknown_feature(feature: str, cloud: str) -> str:
    if feature in FEATURES:
        known = ", ".join(name for name in CLOUDS if name in FEATURES[feature].rules)
        return f"what {feature!r} needs in {cloud} is not known, only in {known}"
    return f"there is no feature {feature!r}; there are {', '.join(sorted(FEATURES))}"


FUNCTIONS: Mapping[str, Callable[..., object]] = {
    "base64Decode": texts.base64_decode,
    "base64Encode": texts.base64_encode,
    "cidrhost": cidrhost,
    "cidrsubnet": cidrsubnet,
    "coalesce": lists.coalesce,
    "concat": lists.concat,
    "distinct": lists.distinct,
    "egressRules": egress_rules,
    "first": lists.first,
    "flatten": lists.flatten,
    "format": texts.format_text,
    "guid": guid,
    "items": lists.items,
    "join": texts.join,
    "jsonDecode": texts.json_decode,
    "jsonEncode": texts.json_encode,
    "keys": lists.keys,
    "last": lists.last,
    "lookup": lists.lookup,
    "lower": texts.lower,
    "max": lists.largest,
    "merge": lists.merge,
    "min": lists.smallest,
    "padLeft": texts.pad_left,
    "policyDefinitionId": find_built_in_policy,
    "privateLinkZone": private_link_zone,
    "range": lists.number_range,
    "replace": texts.replace,
    "reverse": lists.reverse,
    "roleDefinitionId": role_definition_id,
    "skip": lists.skip,
    "sort": lists.sort,
    "split": texts.split,
    "substring": texts.substring,
    "take": lists.take,
    "trim": texts.trim,
    "uniqueString": unique_string,
    "upper": texts.upper,
    "values": lists.values,
    "zip": lists.zip_lists,
    "zipmap": lists.zipmap,
}
"""The functions by the name that expressions call them by."""

STANDARD_FUNCTIONS = frozenset(
    {
        "all", "bytes", "contains", "double", "duration", "endsWith", "exists", "exists_one",
        "filter", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getFullYear",
        "getHours", "getMilliseconds", "getMinutes", "getMonth", "getSeconds", "has", "int", "map",
        "matches", "size", "startsWith", "string", "timestamp", "type", "uint",
    }
)  # fmt: skip
"""CEL's own functions that its package has, for telling a misspelt name while loading."""

ELSEWHERE: Mapping[str, str] = {
    "base64": "base64Encode(text)",
    "base64ToString": "base64Decode(text)",
    "base64decode": "base64Decode(text)",
    "base64encode": "base64Encode(text)",
    "createArray": "[a, b]",
    "element": "list[index]",
    "empty": "size(value) == 0",
    "if": "condition ? a : b",
    "json": "jsonDecode(text)",
    "jsondecode": "jsonDecode(text)",
    "jsonencode": "jsonEncode(value)",
    "length": "size(value)",
    "objectKeys": "keys(map)",
    "parseCidr": "cidrhost(range, n)",
    "substr": "substring(text, start, length)",
    "toLower": "lower(text)",
    "toUpper": "upper(text)",
    "toset": "distinct(list)",
    "tostring": "string(value)",
    "union": "merge(map, map), or distinct(concat(list, list))",
    "uuidv5": "guid(value)",
}
"""What functions of Bicep and Terraform with another name are here, for who looks for one."""
