"""Azure Kubernetes Fleet Manager resources.

A fleet with a hub has a hub cluster, which Azure keeps in a managed resource group; a hubless one
only orders the upgrades of its members. A hub can be added in place and never removed.

Facts: "What is Azure Kubernetes Fleet Manager?", "Choosing an Azure Kubernetes Fleet Manager
option", the template reference of `Microsoft.ContainerService/fleets`, and the operations as
recorded of an older version.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Field
from provisioner.catalog.resource_type import ComputationContext, NameRule, ResourceType
from provisioner.catalog.stated_models import (
    FLAG,
    IDENTITY_FIELDS,
    OPEN,
    TEXT,
    TEXTS,
    identity_models,
    models_of,
)
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json, is_empty, lookup

_model, _object = models_of("fleets.fleet")
_HUB = "properties.hubProfile"
_ACCESS = f"{_HUB}.apiServerAccessProfile"


def _computed_values(
    resource: ResourceId, body: Body, context: ComputationContext
) -> Mapping[str, Json]:
    if is_empty(lookup(body, _HUB.split("."))):
        return {}
    prefix = lookup(body, (*_HUB.split("."), "dnsPrefix"))
    host = f"{prefix}-{context.guid(resource.text)[:8]}.hcp.{body.get('location')}.azmk8s.io"
    return {"properties": {"hubProfile": {"fqdn": host}}}


def _keeps_its_hub(before: Body, after: Body) -> str | None:
    """Return why a fleet that has a hub cannot become hubless, or None.

    "A hubless fleet can be upgraded to a hubful one"; the reverse is not offered.
    """
    had, has = (not is_empty(lookup(body, _HUB.split("."))) for body in (before, after))
    return "a fleet does not give up its hub" if had and not has else None


TYPE = ResourceType(
    name="Microsoft.ContainerService/fleets",
    api_version=api_versions.FLEETS,
    sdk=None,
    rule=NameRule(
        r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?",
        "1 to 63 lower-case letters, digits and hyphens, starting and ending with a letter or "
        "digit",
    ),
    etag=True,
    # The SDK's create_or_update takes if_none_match.
    if_none_match=True,
    etag_header=False,
    seconds=60,
    computed=_computed_values,
    models=(
        _model(
            "Fleet",
            location=TEXT,
            tags=TEXTS,
            eTag=TEXT,
            identity=_object("Identity"),
            properties=_object("Properties"),
        ),
        *identity_models(_model, _object),
        _model("Properties", hubProfile=_object("Hub"), provisioningState=TEXT, status=OPEN),
        _model(
            "Hub",
            dnsPrefix=TEXT,
            apiServerAccessProfile=_object("Access"),
            agentProfile=_object("Agent"),
            fqdn=TEXT,
            kubernetesVersion=TEXT,
            portalFqdn=TEXT,
        ),
        _model("Access", enablePrivateCluster=FLAG, enableVnetIntegration=FLAG, subnetId=TEXT),
        _model("Agent", subnetId=TEXT, vmSize=TEXT),
    ),
    fields={
        "location": Field(create_only=True),
        "eTag": Field(read_only=True),
        **IDENTITY_FIELDS,
        "properties": Field(default={}),
        _HUB: Field(default=None, create_only=_keeps_its_hub, security=True),
        f"{_HUB}.dnsPrefix": Field(create_only=True, definite=True),
        _ACCESS: Field(default=None, create_only=True, security=True),
        f"{_ACCESS}.enablePrivateCluster": Field(default=False, create_only=True, security=True),
        f"{_ACCESS}.enableVnetIntegration": Field(default=False, create_only=True, security=True),
        f"{_ACCESS}.subnetId": Field(compare=Compare.RESOURCE_ID, create_only=True),
        f"{_HUB}.agentProfile": Field(default=None, create_only=True),
        f"{_HUB}.agentProfile.subnetId": Field(compare=Compare.RESOURCE_ID, create_only=True),
        f"{_HUB}.agentProfile.vmSize": Field(compare=Compare.CASELESS, create_only=True),
        **{
            f"{_HUB}.{name}": Field(read_only=True)
            for name in ("fqdn", "kubernetesVersion", "portalFqdn")
        },
        "properties.provisioningState": Field(read_only=True),
        "properties.status": Field(read_only=True),
    },
)
