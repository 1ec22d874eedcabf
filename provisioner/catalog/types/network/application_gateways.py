"""Application gateways (v2).

A gateway is one document: its listeners, rules, pools and certificates have ids of their own, by
which they refer to each other, and are written with the gateway alone. v1 does not become v2 in
place, and a gateway with a WAF policy keeps one. The Ingress Controller add-on of AKS writes into a
gateway; one that it manages is not declared here.

Facts: "Application Gateway configuration overview", its frequently asked questions, "TLS policy
overview", the answers that the Azure CLI's tests recorded
(test_network_ag_http_listener_with_waf_policy), and the issues named below.
"""

from collections.abc import Iterator, Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.field import Answered, Compare, Disruption, Field, Owner
from provisioner.catalog.network_provider import (
    NETWORK_NAME,
    virtual_networks_of,
    with_private_address,
)
from provisioner.catalog.resource_type import ComputationContext, ResourceType, SdkModel
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json, is_empty, lookup

_CONFIGURATIONS = "properties.gatewayIPConfigurations"
_FRONTENDS = "properties.frontendIPConfigurations"
_SETTINGS = "properties.backendHttpSettingsCollection[].properties"
_LISTENER = "properties.httpListeners[].properties"
_PROBE = "properties.probes[].properties"
_PATHS = "properties.urlPathMaps[].properties"
_RULE = "properties.requestRoutingRules[].properties"
_WEB_FIREWALL = "properties.webApplicationFirewallConfiguration"
_POLICY = ("properties", "firewallPolicy", "id")

# Lists of parts whose presence is security-relevant; what a part does to traffic is a change of the
# gateway itself.
_GUARDING = (
    "trustedRootCertificates",
    "trustedClientCertificates",
    "authenticationCertificates",
    "sslCertificates",
    "sslProfiles",
    "frontendIPConfigurations",
    "frontendPorts",
    "httpListeners",
    "listeners",
    "backendAddressPools",
    "requestRoutingRules",
    "routingRules",
    "urlPathMaps",
    "redirectConfigurations",
    "rewriteRuleSets",
    "privateLinkConfigurations",
    "entraJWTValidationConfigs",
)
_OTHERS = (
    "gatewayIPConfigurations",
    "probes",
    "backendHttpSettingsCollection",
    "backendSettingsCollection",
    "loadDistributionPolicies",
    "advancedRoutingMaps",
    "advancedRoutingConditionSets",
)
# References of a part to another part, or to a resource.
_NAMED = (
    "properties.gatewayIPConfigurations[].properties.subnet",
    f"{_FRONTENDS}[].properties.subnet",
    f"{_FRONTENDS}[].properties.publicIPAddress",
    f"{_FRONTENDS}[].properties.privateLinkConfiguration",
    f"{_SETTINGS}.probe",
    f"{_LISTENER}.frontendIPConfiguration",
    f"{_LISTENER}.frontendPort",
    f"{_LISTENER}.sslCertificate",
    f"{_LISTENER}.sslProfile",
    f"{_LISTENER}.firewallPolicy",
    f"{_RULE}.httpListener",
    f"{_RULE}.backendAddressPool",
    f"{_RULE}.backendHttpSettings",
    f"{_RULE}.urlPathMap",
    f"{_RULE}.rewriteRuleSet",
    f"{_RULE}.redirectConfiguration",
    f"{_PATHS}.defaultBackendAddressPool",
    f"{_PATHS}.defaultBackendHttpSettings",
    f"{_PATHS}.defaultRedirectConfiguration",
    f"{_PATHS}.defaultRewriteRuleSet",
    f"{_PATHS}.pathRules[].properties.backendAddressPool",
    f"{_PATHS}.pathRules[].properties.backendHttpSettings",
    f"{_PATHS}.pathRules[].properties.redirectConfiguration",
    f"{_PATHS}.pathRules[].properties.rewriteRuleSet",
    f"{_PATHS}.pathRules[].properties.firewallPolicy",
)


def _computed_values(
    resource: ResourceId, body: Body, context: ComputationContext
) -> Mapping[str, Json]:
    entries = lookup(body, _FRONTENDS.split("."))
    frontends = entries if isinstance(entries, (list, tuple)) else ()
    return {
        "properties": {
            "resourceGuid": context.guid(resource.text),
            "operationalState": "Running",
            # The default since api version 2023-02-01 ("TLS policy overview").
            "defaultPredefinedSslPolicy": "AppGwSslPolicy20220101",
            "frontendIPConfigurations": [
                with_private_address(resource, frontend, context) for frontend in frontends
            ],
        }
    }


def _sku_generation(body: Body) -> int | None:
    """Return the generation of a gateway: 2 for the SKUs that end in `_v2`; None if not known."""
    name = lookup(body, ("properties", "sku", "name"))
    if not isinstance(name, str):
        return None
    return 2 if name.lower().endswith("_v2") or name.lower() == "basic" else 1


def _keeps_its_generation(before: Body, after: Body) -> str | None:
    """Return why a v1 gateway does not become a v2 one, or None.

    "Migrate Application Gateway and WAF from v1 to v2": there is no upgrade in place.
    """
    old, new = _sku_generation(before), _sku_generation(after)
    if old is None or new is None or old == new:
        return None
    return "a gateway of v1 does not become one of v2 in place, nor the other way round"


def _stays_in_its_network(before: Body, after: Body) -> str | None:
    """Return why a gateway cannot move to another virtual network, or None.

    It moves to another subnet of its network, while it is stopped (frequently asked questions).
    """
    old, new = (
        virtual_networks_of(before, _CONFIGURATIONS),
        virtual_networks_of(after, _CONFIGURATIONS),
    )
    if not old or not new or old == new:
        return None
    return "a gateway cannot go to another virtual network in place"


def _keeps_a_policy(before: Body, after: Body) -> str | None:
    """Return why the WAF policy cannot be removed, or None.

    400 ApplicationGatewayFirewallPolicyCannotBeRemoved (pull request 267 of
    pagopa-archive/io-infrastructure-live-new); with a SKU that has no web application firewall it
    goes (MicrosoftDocs/azure-docs#121005).
    """
    tier = str(lookup(after, ("properties", "sku", "tier"))).lower()
    if is_empty(lookup(before, _POLICY)) or not is_empty(lookup(after, _POLICY)):
        return None
    if "waf" not in tier:
        return None
    return "a gateway's web application firewall policy can be changed for another, not removed"


def _keeps_its_own_rules(before: Body, after: Body) -> str | None:
    """Return why the WAF configuration cannot change beside a WAF policy, or None.

    400 ApplicationGatewayWafConfigurationCannotBeChangedWithWafPolicy
    (Azure/application-gateway-kubernetes-ingress#1417); removing the configuration is allowed
    (Azure/azure-cli#15520).
    """
    new = lookup(after, _WEB_FIREWALL.split("."))
    if is_empty(lookup(after, _POLICY)) or is_empty(new):
        return None
    if lookup(before, _WEB_FIREWALL.split(".")) == new:
        return None
    return "webApplicationFirewallConfiguration cannot change beside a firewallPolicy: remove it"


def _part_fields() -> Iterator[tuple[str, Field]]:
    for name in _GUARDING:
        yield (
            f"properties.{name}",
            Field(default=(), keys=("name",), security=True, disruption=Disruption.CONNECTIONS),
        )
    for name in _OTHERS:
        yield f"properties.{name}", Field(default=(), keys=("name",))
    for path in _NAMED:
        yield path, Field(default=None, security=True)
        yield f"{path}.id", Field(compare=Compare.RESOURCE_ID, security=True)


TYPE = ResourceType(
    name="Microsoft.Network/applicationGateways",
    api_version=api_versions.NETWORK,
    sdk=SdkModel("azure.mgmt.network", "ApplicationGateway"),
    rule=NETWORK_NAME,
    etag=True,
    serialise_on="",
    # Five to seven minutes, as recorded.
    seconds=360,
    computed=_computed_values,
    fields={
        **dict(_part_fields()),
        "properties.sku": Field(disruption=Disruption.NONE),
        "properties.sku.name": Field(create_only=_keeps_its_generation, security=True),
        "properties.sku.tier": Field(create_only=_keeps_its_generation, security=True),
        # Fixed capacity and autoscaling exclude each other; Azure answers no capacity with the
        # latter.
        "properties.sku.capacity": Field(default=None),
        # Azure derives the family from the SKU.
        "properties.sku.family": Field(owner=Owner.PRESET),
        "properties.autoscaleConfiguration": Field(default=None),
        "properties.reservedCapacity": Field(default=None),
        # Chosen at creation.
        "zones": Field(compare=Compare.SET, create_only=True, definite=True),
        "properties.gatewayIPConfigurations[].properties.subnet.id": Field(
            compare=Compare.RESOURCE_ID,
            create_only=_stays_in_its_network,
            disruption=Disruption.CONNECTIONS,
        ),
        f"{_FRONTENDS}[].properties.privateIPAllocationMethod": Field(default="Dynamic"),
        # Azure assigns an address of the subnet where none is stated.
        f"{_FRONTENDS}[].properties.privateIPAddress": Field(owner=Owner.PRESET, security=True),
        "properties.sslPolicy": Field(default=None, security=True),
        "properties.sslPolicy.policyType": Field(security=True),
        "properties.sslPolicy.policyName": Field(default=None, security=True),
        "properties.sslPolicy.minProtocolVersion": Field(default=None, security=True),
        # Ordered by preference ("TLS policy overview").
        "properties.sslPolicy.cipherSuites": Field(
            default=(), compare=Compare.ORDERED, security=True
        ),
        "properties.sslPolicy.disabledSslProtocols": Field(
            default=(), compare=Compare.SET, security=True
        ),
        "properties.enableHttp2": Field(default=False, answered=Answered.STATED),
        "properties.enableFips": Field(default=False, answered=Answered.STATED, security=True),
        # A policy can be replaced by another one and not removed.
        "properties.firewallPolicy": Field(default=None, security=True, forbidden=_keeps_a_policy),
        "properties.firewallPolicy.id": Field(
            compare=Compare.RESOURCE_ID, security=True, forbidden=_keeps_a_policy
        ),
        "properties.forceFirewallPolicyAssociation": Field(default=False, answered=Answered.STATED),
        _WEB_FIREWALL: Field(default=None, security=True, forbidden=_keeps_its_own_rules),
        f"{_WEB_FIREWALL}.requestBodyCheck": Field(default=True, security=True),
        f"{_WEB_FIREWALL}.maxRequestBodySizeInKb": Field(default=128),
        f"{_WEB_FIREWALL}.fileUploadLimitInMb": Field(default=100),
        f"{_WEB_FIREWALL}.disabledRuleGroups": Field(
            default=(), keys=("ruleGroupName",), security=True
        ),
        f"{_WEB_FIREWALL}.exclusions": Field(default=(), security=True),
        "properties.globalConfiguration": Field(default=None),
        "properties.customErrorConfigurations": Field(default=(), keys=("statusCode",)),
        # Whoever has the private key can impersonate the site: certificates stay in a vault.
        "properties.sslCertificates[].properties.data": Field(write_only=True, secret=True),
        "properties.sslCertificates[].properties.password": Field(write_only=True, secret=True),
        "properties.sslCertificates[].properties.keyVaultSecretId": Field(
            compare=Compare.CASELESS, security=True
        ),
        "properties.trustedRootCertificates[].properties.keyVaultSecretId": Field(
            compare=Compare.CASELESS, security=True
        ),
        "properties.backendAddressPools[].properties.backendAddresses": Field(
            default=(), keys=("fqdn", "ipAddress"), security=True
        ),
        f"{_SETTINGS}.protocol": Field(security=True, compare=Compare.CASELESS),
        f"{_SETTINGS}.cookieBasedAffinity": Field(default="Disabled"),
        f"{_SETTINGS}.affinityCookieName": Field(owner=Owner.PRESET),
        f"{_SETTINGS}.hostName": Field(default=None),
        f"{_SETTINGS}.path": Field(default=None),
        f"{_SETTINGS}.pickHostNameFromBackendAddress": Field(default=False),
        f"{_SETTINGS}.probeEnabled": Field(default=False, answered=Answered.STATED),
        f"{_SETTINGS}.dedicatedBackendConnection": Field(default=False, answered=Answered.STATED),
        # Off, the gateway accepts any backend certificate.
        f"{_SETTINGS}.validateCertChainAndExpiry": Field(
            default=True, answered=Answered.STATED, security=True
        ),
        f"{_SETTINGS}.validateSNI": Field(default=True, answered=Answered.STATED, security=True),
        f"{_SETTINGS}.sniName": Field(default=None, security=True),
        f"{_SETTINGS}.connectionDraining": Field(default=None),
        f"{_SETTINGS}.authenticationCertificates": Field(default=(), keys=("id",), security=True),
        f"{_SETTINGS}.trustedRootCertificates": Field(default=(), keys=("id",), security=True),
        f"{_SETTINGS}.trustedRootCertificates[].id": Field(compare=Compare.RESOURCE_ID),
        f"{_PROBE}.host": Field(default=None),
        f"{_PROBE}.port": Field(default=None),
        f"{_PROBE}.pickHostNameFromBackendHttpSettings": Field(default=False),
        f"{_PROBE}.pickHostNameFromBackendSettings": Field(default=False, answered=Answered.STATED),
        f"{_PROBE}.minServers": Field(default=0),
        f"{_PROBE}.match": Field(default={}),
        f"{_PROBE}.match.statusCodes": Field(default=(), compare=Compare.SET),
        f"{_LISTENER}.protocol": Field(
            compare=Compare.CASELESS, security=True, disruption=Disruption.CONNECTIONS
        ),
        f"{_LISTENER}.hostName": Field(default=None, compare=Compare.CASELESS, security=True),
        f"{_LISTENER}.hostNames": Field(default=(), compare=Compare.SET, security=True),
        f"{_LISTENER}.requireServerNameIndication": Field(default=False),
        f"{_LISTENER}.customErrorConfigurations": Field(default=(), keys=("statusCode",)),
        f"{_RULE}.ruleType": Field(default="Basic", compare=Compare.CASELESS),
        f"{_RULE}.priority": Field(security=True),
        f"{_PATHS}.pathRules": Field(default=(), keys=("name",), security=True),
        f"{_PATHS}.pathRules[].properties.paths": Field(compare=Compare.SET, security=True),
    },
)
