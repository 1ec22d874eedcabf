"""Small estates for controls, written as in a blueprint (see README.md beside this file)."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

import yaml

from provisioner.catalog.built_in_roles import find_built_in_role
from provisioner.catalog.registry import Catalog
from provisioner.controls.control import Control
from provisioner.controls.evaluation_context import EvaluationContext
from provisioner.controls.rule_findings import find
from provisioner.controls.verdict import Finding
from provisioner.model.estate import Estate, Resource
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import Unknown
from provisioner.plan.estates import expand

FIXTURES = Path(__file__).parent / "fixtures"
SUBSCRIPTION = "/subscriptions/11111111-1111-1111-1111-111111111111"
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg-main"
ROLES = f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions"
_ROLE = re.compile(r'\$\{roleDefinitionId\(\w+\.id, "([^"]+)"\)\}')
_LATER = re.compile(r"\$\{(\w+)\.(properties\.[^}]+)\}")
_META = ("type", "name", "parent", "scope", "existing")

Sketch = Mapping[str, Any]
"""Resources by address, as a fixture states them."""


def read_fixture(control: str) -> dict[str, Any]:
    """Return the fixture of a control."""
    text = (FIXTURES / f"{control}.yaml").read_text()
    document: dict[str, Any] = yaml.safe_load(text)
    return document


def read_remediation(control: Control) -> dict[str, Any]:
    """Return the resources that a control's remediation states."""
    document: dict[str, Any] = yaml.safe_load(dedent(control.remediation))
    return document


def merge(base: Any, patch: Any) -> Any:
    """Return a value with another merged into it."""
    if isinstance(base, dict) and isinstance(patch, dict):
        merged = {key: value for key, value in base.items() if key not in patch}
        for key, value in patch.items():
            if value is not None:
                merged[key] = merge(base.get(key), value)
        return merged
    if _is_named(patch) and (_is_named(base) or not base):
        entries = {entry["name"]: entry for entry in base or ()}
        for entry in patch:
            entries[entry["name"]] = merge(entries.get(entry["name"], {}), entry)
        return [entry for entry in entries.values() if not entry.get("remove")]
    return patch


def _is_named(value: object) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(entry, dict) and "name" in entry for entry in value)
    )


def ground_of(sketch: Sketch, catalog: Catalog, cloud: str = "AzureCloud") -> EvaluationContext:
    """Return the state that a sketch draws."""
    ids: dict[str, str] = {"subscription": SUBSCRIPTION, "resourceGroup": GROUP}
    named: dict[str, ResourceId] = {}
    pending = dict(sketch)
    while pending:
        ready = [a for a, body in pending.items() if not _waits(body, pending)]
        assert ready, f"these wait for each other: {list(pending)}"
        for address in ready:
            named[address] = _id_of(address, pending.pop(address), ids)
            ids[address] = named[address].text
    for address, body in sketch.items():
        ids.update(_texts(body.get("properties", {}), f"{address}.properties"))
    resources = []
    for address, body in sketch.items():
        resource = named[address]
        stated = {key: _filled(value, ids) for key, value in body.items() if key not in _META}
        resources.append(Resource(resource, body["type"], stated, address))
    estate = Estate.of(expand(resources, catalog))
    own = frozenset(
        r.id.key
        for r in estate
        if not any(
            r.id.is_within(known.id) and sketch[known.address or ""].get("existing")
            for known in resources
        )
    )
    return EvaluationContext(estate, own, catalog, cloud)


def findings_of(control: Control, sketch: Sketch, catalog: Catalog) -> tuple[Finding, ...]:
    """Return what a control finds in a sketch."""
    return find(control, ground_of(sketch, catalog))


def _waits(body: Mapping[str, Any], pending: Mapping[str, Any]) -> bool:
    text = f"{body.get('parent', '')} {body.get('scope', '')}"
    return any(f"${{{address}.id}}" in text for address in pending)


def _id_of(address: str, body: Mapping[str, Any], ids: Mapping[str, str]) -> ResourceId:
    name = str(body.get("name", address))
    if "parent" in body:
        parent = parse_resource_id(_filled(body["parent"], ids))
        assert parent is not None, body["parent"]
        return ResourceId(body["type"], (*parent.names, name), parent.scope)
    scope = parse_resource_id(_filled(body.get("scope", GROUP), ids))
    return ResourceId(body["type"], (name,), scope)


def _texts(body: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield each text of a body by its path, for others to refer to."""
    for key, value in body.items() if isinstance(body, dict) else ():
        if isinstance(value, str):
            yield f"{path}.{key}", value
        yield from _texts(value, f"{path}.{key}")


def _filled(value: Any, ids: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        for address, text in ids.items():
            value = value.replace(f"${{{address}.id}}", text).replace(f"${{{address}}}", text)
        later = _LATER.fullmatch(value)
        if later is not None and later[1] in ids:
            # Azure alone knows it, and only after apply.
            return Unknown(later[0], {}, (f"{later[1]}.{later[2]}",))
        return _ROLE.sub(lambda found: f"{ROLES}/{find_built_in_role(found[1])}", value)
    if isinstance(value, dict):
        return {_filled(key, ids): _filled(item, ids) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, ids) for item in value]
    return value
