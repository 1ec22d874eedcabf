"""Reads the resource ids in a Terraform state or plan, and nothing else from it.

A state holds passwords, keys and connection strings in clear text. Only `id`, `resource_manager_id`
and the address of each resource are read; no other attribute leaves this module. Formats: state of
version 4 (`terraform.tfstate`), and the JSON of `terraform show -json` of a state or a plan
(developer.hashicorp.com/terraform/internals/json-format). For azurerm ids that are not ids of Azure
Resource Manager see registry.terraform.io/providers/hashicorp/azurerm, "Import" of each resource.

`cli/adopt.py` calls it.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from provisioner.catalog.log_categories import DIAGNOSTIC_SETTING
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.model.json_source import read_json
from provisioner.model.resource_id import SUBSCRIPTION, ResourceId, parse_resource_id

_PARTS = ("values", "planned_values", "prior_state")
_AZURE_PREFIXES = ("azurerm_", "azapi_")
_DIAGNOSTIC_SETTING = "azurerm_monitor_diagnostic_setting"
_TYPES_WITH_SCOPE = frozenset({"azurerm_role_assignment", "azurerm_role_definition"})
"""Types whose second half of the id (`ID|SCOPE`, `ID|TENANT`) is not a resource of an
association."""
_STORAGE_URL = re.compile(
    r"https://([a-z0-9]{3,24})\.(blob|dfs|file|queue|table)\.[a-z0-9.-]+/"
    r"(?:Tables\('([^'/]+)'\)|([^/?#()]+))"
)
_STORAGE_CHILDREN = {
    "blob": "blobServices/default/containers",
    "dfs": "blobServices/default/containers",
    "file": "fileServices/default/shares",
    "queue": "queueServices/default/queues",
    "table": "tableServices/default/tables",
}
_ACCOUNT = "microsoft.storage/storageaccounts"
MOST_MODULES = 10_000


@dataclass(frozen=True, slots=True)
class Unread:
    """A resource of a state without an id to look for: Terraform address, type, and the reason."""

    address: str
    type: str
    reason: str


@dataclass(frozen=True, slots=True)
class Listing:
    """The content of states and plans.

    Resource ids in the order of their keys, the Terraform address of each by its key, and the
    resources without an id to look for.
    """

    resources: tuple[ResourceId, ...] = ()
    addresses: Mapping[str, str] = field(default_factory=dict)
    unread: tuple[Unread, ...] = ()


@dataclass(frozen=True, slots=True)
class _Instance:
    address: str
    type: str
    id: str
    manager_id: str


def read_terraform(text: str, path: str) -> Listing:
    """Return the Azure resources that a state or a plan lists.

    Ids of azurerm that are not ids of Azure Resource Manager are converted where the conversion is
    known: diagnostic settings (`ID|NAME`), and containers, shares, queues and tables by their URL,
    of a storage account that the same file lists.

    Raises:
        DiagnosticError: Where the text is neither a state nor a plan, lists no Azure resource, or
            has more than `MOST_MODULES` modules.
    """
    document = read_json(text, path)
    if not isinstance(document, Mapping) or not _is_terraform(document):
        raise DiagnosticError(
            error(
                "not-terraform",
                f"{path} is neither a Terraform state (version 4) nor a plan.",
                None,
                "Expected terraform.tfstate, or what `terraform show -json` prints.",
            )
        )
    found: dict[str, ResourceId] = {}
    addresses: dict[str, str] = {}
    rest: list[_Instance] = []
    for instance in _list_instances(document, path):
        ids = list(_resources_in(instance))
        if not ids and instance.type.startswith(_AZURE_PREFIXES):
            rest.append(instance)
        for resource in ids:
            found.setdefault(resource.key, resource)
            addresses.setdefault(resource.key, instance.address)
    unread: dict[str, Unread] = {}
    accounts = {e.name.lower(): e for e in found.values() if e.type.lower() == _ACCOUNT}
    for instance in rest:
        stored = _storage_child_id(instance.id, accounts)
        if stored is not None:
            found.setdefault(stored.key, stored)
            addresses.setdefault(stored.key, instance.address)
        else:
            unread[instance.address] = Unread(
                instance.address, instance.type, _why_unread(instance.id)
            )
    if not found:
        why = "".join(f" {each.address}: {each.reason}." for each in list(unread.values())[:3])
        raise DiagnosticError(
            error("no-resources", f"{path} lists no resource of Azure Resource Manager.{why}")
        )
    listed = tuple(found[key] for key in sorted(found))
    return Listing(listed, addresses, tuple(unread[each] for each in sorted(unread)))


def _is_terraform(document: Mapping[str, Any]) -> bool:
    state = document.get("version") == 4 and isinstance(document.get("resources"), list)
    return state or ("format_version" in document and any(part in document for part in _PARTS))


def _list_instances(document: Mapping[str, Any], path: str) -> Iterator[_Instance]:
    for resource in _as_list(document.get("resources")):
        # Data sources (`mode: data`) are only read by Terraform, and others manage them.
        if isinstance(resource, Mapping) and resource.get("mode", "managed") == "managed":
            for instance in _as_list(resource.get("instances")):
                address = _address_of(resource, _as_object(instance).get("index_key"))
                yield from _existing_instance(
                    address, resource, _as_object(instance).get("attributes")
                )
    for part in _PARTS:
        values = _as_object(document.get(part))
        yield from _instances_in_modules(
            _as_object(values.get("values", values)).get("root_module"), path
        )


def _instances_in_modules(root: object, path: str) -> Iterator[_Instance]:
    pending, seen = [root], 0
    while pending:
        module = _as_object(pending.pop())
        seen += 1
        # The file comes from outside: what it makes azsec hold is bounded (ADR 0018).
        if seen > MOST_MODULES:
            raise DiagnosticError(
                error(
                    "too-large",
                    f"{path} has more than {MOST_MODULES:,} modules.",
                    None,
                    "Adopt by --resource-group, or in parts: a state for each.",
                )
            )
        for resource in _as_list(module.get("resources")):
            listed = _as_object(resource)
            if listed.get("mode", "managed") == "managed":
                yield from _existing_instance(
                    str(listed.get("address", "")), listed, listed.get("values")
                )
        pending += _as_list(module.get("child_modules"))


def _address_of(resource: Mapping[str, Any], index: object) -> str:
    """Return the address of an instance of a state: `module.web.azurerm_subnet.app["a"]`."""
    address = f"{resource.get('type', '')}.{resource.get('name', '')}"
    module = resource.get("module")
    address = f"{module}.{address}" if isinstance(module, str) else address
    return f"{address}[{json.dumps(index)}]" if isinstance(index, (int, str)) else address


def _existing_instance(
    address: str, resource: Mapping[str, Any], attributes: object
) -> Iterator[_Instance]:
    """Yield an instance that exists: one that a plan creates has no id yet."""
    value, manager = (_as_object(attributes).get(n) for n in ("id", "resource_manager_id"))
    if isinstance(value, str):
        by_manager = manager if isinstance(manager, str) else ""
        yield _Instance(address, str(resource.get("type", "")), value, by_manager)


def _resources_in(instance: _Instance) -> Iterator[ResourceId]:
    """Yield the ids of one instance. An association of azurerm has those of both ends, `ID|ID`."""
    texts = instance.id.split("|")
    if instance.type == _DIAGNOSTIC_SETTING and len(texts) == 2:
        texts = [f"{texts[0]}/providers/{DIAGNOSTIC_SETTING}/{texts[1]}"]
    elif instance.type in _TYPES_WITH_SCOPE:
        texts = texts[:1]
    found = [each for text in texts if (each := _subscription_resource(text)) is not None]
    if not found and (managed := _subscription_resource(instance.manager_id)) is not None:
        found = [managed]
    yield from found


def _subscription_resource(text: str) -> ResourceId | None:
    found = parse_resource_id(text)
    if found is None or found.type == SUBSCRIPTION or found.subscription is None:
        return None
    return found


def _storage_child_id(url: str, accounts: Mapping[str, ResourceId]) -> ResourceId | None:
    """Return the id of a container, share, queue or table by its URL, if its account is known.

    None for the content of one (a blob).
    """
    match = _STORAGE_URL.fullmatch(url)
    account = accounts.get(match[1]) if match is not None else None
    if match is None or account is None:
        return None
    return parse_resource_id(f"{account}/{_STORAGE_CHILDREN[match[2]]}/{match[3] or match[4]}")


def _why_unread(text: str) -> str:
    if _STORAGE_URL.fullmatch(text):
        return (
            "its id is a URL, and the state lists no storage account of that name: adopt it with "
            "the group of its account, by --resource-group"
        )
    if text.startswith("https://"):
        return (
            "it is content of a data plane (a secret, a blob), which azsec does not manage: leave "
            "it to Terraform"
        )
    if text.startswith("/providers/"):
        return "it is in no subscription, and azsec adopts resources of subscriptions"
    return "its id is none of Azure Resource Manager: adopt what it is about by --resource-group"


def _as_object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _as_list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
