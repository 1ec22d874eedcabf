"""The ids in a Terraform state or plan: where to look, and nothing else.

A state holds passwords, keys and connection strings in clear text. Read is the `id` of each
resource alone; no other attribute leaves this module. Formats: state of
version 4 (`terraform.tfstate`), and the JSON of `terraform show -json` of a state or a plan
(developer.hashicorp.com/terraform/internals/json-format).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.model.json_source import read_json
from provisioner.model.resource_id import SUBSCRIPTION, ResourceId, parse_resource_id

_PARTS = ("values", "planned_values", "prior_state")
MOST_MODULES = 10_000


def read_terraform(text: str, path: str) -> tuple[ResourceId, ...]:
    """Return the ids of the resources of Azure in a state or a plan, in the order of their keys.

    Raises DiagnosticError for what is neither, for one without a resource of Azure, and for one of
    more than `MOST_MODULES` modules.
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
    for value in _ids(document, path):
        for resource in _resources_in(value):
            found.setdefault(resource.key, resource)
    if not found:
        raise DiagnosticError(
            error("no-resources", f"{path} lists no resource of Azure Resource Manager.")
        )
    return tuple(found[key] for key in sorted(found))


def _is_terraform(document: Mapping[str, Any]) -> bool:
    state = document.get("version") == 4 and isinstance(document.get("resources"), list)
    return state or ("format_version" in document and any(part in document for part in _PARTS))


def _ids(document: Mapping[str, Any], path: str) -> Iterator[str]:
    for resource in _list(document.get("resources")):
        if isinstance(resource, Mapping) and resource.get("mode", "managed") == "managed":
            for instance in _list(resource.get("instances")):
                yield from _id_of(_object(instance).get("attributes"))
    for part in _PARTS:
        values = _object(document.get(part))
        yield from _ids_of_modules(_object(values.get("values", values)).get("root_module"), path)


def _ids_of_modules(root: object, path: str) -> Iterator[str]:
    pending, seen = [root], 0
    while pending:
        module = _object(pending.pop())
        seen += 1
        if seen > MOST_MODULES:
            raise DiagnosticError(
                error(
                    "too-large",
                    f"{path} has more than {MOST_MODULES:,} modules.",
                    None,
                    "Adopt by --group, or in parts: a state for each.",
                )
            )
        for resource in _list(module.get("resources")):
            if _object(resource).get("mode", "managed") == "managed":
                yield from _id_of(_object(resource).get("values"))
        pending += _list(module.get("child_modules"))


def _id_of(attributes: object) -> Iterator[str]:
    value = _object(attributes).get("id")
    if isinstance(value, str):
        yield value


def _resources_in(value: str) -> Iterator[ResourceId]:
    """Yield the ids in one value. An association of azurerm has those of both ends, `ID|ID`; what
    is in a data plane has a URL, and is none."""
    for text in value.split("|"):
        found = parse_resource_id(text)
        if found is not None and found.type != SUBSCRIPTION and found.subscription is not None:
            yield found


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
