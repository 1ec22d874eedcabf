"""Virtual network rules, and the service endpoint that their subnet needs."""

from collections.abc import Iterator

from provisioner.model.estate import Resource
from provisioner.model.values import Unknown, is_known
from provisioner.service_rules.partial_bodies import (
    Tree,
    entries_at,
    id_at,
    text_at,
    value_at,
)
from provisioner.service_rules.rule import Refusal, Write

_RULES, _ENDPOINTS = "properties.networkAcls.virtualNetworkRules", "properties.serviceEndpoints"


def rules_without_endpoint(write: Write, service: str, waiver: str = "") -> Iterator[Refusal]:
    """Yield the rules for subnets that certainly have no endpoint of `service`.

    The endpoint may be of one region or of all (`Microsoft.Storage.Global`). A rule that was there
    before is not taken to be checked again, nor one whose flag `waiver` is set or not known.
    """
    stood = {id_at(entry, "id") for _at, entry in entries_at(write.before or {}, _RULES)}
    for at, entry in entries_at(write.after, _RULES):
        waived = value_at(entry, waiver) if waiver else False
        named = id_at(entry, "id")
        if waived is True or isinstance(waived, Unknown) or named is None or named in stood:
            continue
        subnet = write.neighbours.lookup(named)
        if isinstance(subnet, Resource) and not _may_have(subnet.body, service.lower()):
            yield Refusal(
                f"{at}.id",
                f"the subnet {named.name} has no service endpoint for {service}, and a rule for "
                "it needs one",
                f"Add {service} to serviceEndpoints of the subnet.",
            )


def _may_have(subnet: Tree, service: str) -> bool:
    if not is_known(value_at(subnet, _ENDPOINTS)):
        return True
    names = (text_at(entry, "service") or "" for _at, entry in entries_at(subnet, _ENDPOINTS))
    return any(f"{name.lower()}.".startswith(f"{service}.") for name in names)
