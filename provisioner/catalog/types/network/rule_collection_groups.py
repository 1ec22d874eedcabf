"""Rule collection groups of Azure Firewall policies.

Collections and rules are paired by name; priorities order them, and the order of addresses, ports
and names within a rule has no meaning. Azure answers the action DNAT as Dnat. The location is the
policy's.

Facts: guidelines.md §2.1, §3.1 and §3.3, and the recorded pairs of the type.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.error_codes import RefusalCodes
from provisioner.catalog.field import Answered, Compare, Field
from provisioner.catalog.network_provider import NETWORK_NAME
from provisioner.catalog.resource_type import ListRead, ResourceType, SdkModel

_COLLECTIONS = "properties.ruleCollections"
_RULES = f"{_COLLECTIONS}[].rules"
_ADDRESSES = (
    "sourceAddresses",
    "sourceGeoLocations",
    "destinationAddresses",
    "destinationGeoLocations",
    "destinationPorts",
    "destinationFqdns",
    "targetFqdns",
    "targetUrls",
    "fqdnTags",
    "webCategories",
    "ipProtocols",
)
_ID_LISTS = ("sourceIpGroups", "sourceKubeSelectorGroups", "destinationIpGroups")


def _member_fields() -> Mapping[str, Field]:
    """Return the facts of the lists that rules match on: the order of none of them matters."""
    members = Field(default=(), compare=Compare.SET, security=True)
    entries = {f"{_RULES}[].{name}[]": Field(compare=Compare.CASELESS) for name in _ADDRESSES}
    ids = {f"{_RULES}[].{name}[]": Field(compare=Compare.RESOURCE_ID) for name in _ID_LISTS}
    lists = {f"{_RULES}[].{name}": members for name in (*_ADDRESSES, *_ID_LISTS)}
    return {**lists, **entries, **ids}


TYPE = ResourceType(
    name="Microsoft.Network/firewallPolicies/ruleCollectionGroups",
    api_version=api_versions.NETWORK,
    sdk=SdkModel("azure.mgmt.network", "FirewallPolicyRuleCollectionGroup"),
    rule=NETWORK_NAME,
    lists=ListRead.PARENT,
    taggable=False,
    etag=True,
    # Parallel writes of groups of one policy collide (AnotherOperationInProgress; guidelines.md
    # §3.1).
    serialise_on="",
    seconds=20,
    codes=RefusalCodes(not_found="NotFound"),
    adds="allows or denies traffic",
    adds_by=("properties.priority",),
    fields={
        # That of the policy.
        "location": Field(read_only=True),
        **_member_fields(),
        "properties.priority": Field(security=True),
        _COLLECTIONS: Field(default=(), keys=("name",), security=True),
        f"{_COLLECTIONS}[].priority": Field(security=True),
        # Sent as DNAT, answered as Dnat (recorded).
        f"{_COLLECTIONS}[].action.type": Field(compare=Compare.CASELESS, security=True),
        _RULES: Field(default=(), keys=("name",), security=True),
        # Pairs of protocol and port in an application rule; other rules have `ipProtocols`.
        f"{_RULES}[].protocols": Field(compare=Compare.SET, security=True),
        # Recorded of rules whose request does not state it.
        f"{_RULES}[].ipv6Rule": Field(default=False, answered=Answered.STATED),
        f"{_RULES}[].terminateTLS": Field(default=False, security=True),
        f"{_RULES}[].translatedAddress": Field(security=True),
        f"{_RULES}[].translatedFqdn": Field(compare=Compare.CASELESS, security=True),
        f"{_RULES}[].translatedPort": Field(security=True),
        f"{_RULES}[].httpHeadersToInsert": Field(default=(), keys=("headerName",), security=True),
    },
)
