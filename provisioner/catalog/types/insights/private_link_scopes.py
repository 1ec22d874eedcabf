"""Azure Monitor private link scopes.

`PrivateOnly` blocks access from the linked networks to every Azure Monitor resource outside of the
scope, and applies to all networks that share the DNS: a change of it drops connections. The
location is `global`.

Facts: "Use Azure Private Link to connect networks to Azure Monitor", "Design your Azure Monitor
private link setup", and the template reference of `Microsoft.Insights/privateLinkScopes`. No
traffic was recorded.
"""

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.resource_type import DeleteFlow, NameRule, ResourceType, WriteFlow
from provisioner.catalog.stated_models import OPEN, TEXT, TEXTS, choice, list_of, models_of

_model, _object = models_of("monitor.scope")
_MODE = choice("Open", "PrivateOnly")
_ACCESS = "properties.accessModeSettings"
_EXCLUSIONS = f"{_ACCESS}.exclusions"


def _access_mode_field() -> Field:
    """Return the facts of an access mode: to close one drops connections.

    `PrivateOnly` applies to other networks that share the DNS too ("Control network access").
    """
    return Field(security=True, disruption=Disruption.CONNECTIONS)


TYPE = ResourceType(
    name="Microsoft.Insights/privateLinkScopes",
    api_version=api_versions.PRIVATE_LINK_SCOPES,
    sdk=None,
    rule=NameRule(
        r"[A-Za-z0-9_.()-]{0,254}[A-Za-z0-9_()-]",
        "1 to 255 letters, digits, underscores, periods, parentheses and hyphens, not ending with "
        "a period",
    ),
    write=WriteFlow.SYNC,
    delete=DeleteFlow.LOCATION,
    seconds=10,
    models=(
        _model("PrivateLinkScope", location=TEXT, tags=TEXTS, properties=_object("Properties")),
        _model(
            "Properties",
            accessModeSettings=_object("Access"),
            privateEndpointConnections=OPEN,
            provisioningState=TEXT,
        ),
        _model(
            "Access",
            ingestionAccessMode=_MODE,
            queryAccessMode=_MODE,
            exclusions=list_of(_object("Exclusion")),
        ),
        _model(
            "Exclusion",
            privateEndpointConnectionName=TEXT,
            ingestionAccessMode=_MODE,
            queryAccessMode=_MODE,
        ),
    ),
    fields={
        # A global resource.
        "location": Field(default="global", compare=Compare.LOCATION, create_only=True),
        # Required since 2021-07-01-preview.
        f"{_ACCESS}.ingestionAccessMode": _access_mode_field(),
        f"{_ACCESS}.queryAccessMode": _access_mode_field(),
        _EXCLUSIONS: Field(default=(), keys=("privateEndpointConnectionName",), security=True),
        f"{_EXCLUSIONS}[].ingestionAccessMode": _access_mode_field(),
        f"{_EXCLUSIONS}[].queryAccessMode": _access_mode_field(),
        "properties.privateEndpointConnections": Field(read_only=True),
        "properties.provisioningState": Field(read_only=True),
    },
)
