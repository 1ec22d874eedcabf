"""The access keys of a storage account, and shared access signatures.

Source: the Storage resource provider's "Storage Accounts - List Keys" (recorded), "- Regenerate
Key", "- List Account SAS", "- List Service SAS", and "Prevent Shared Key authorization for an Azure
Storage account": with `allowSharedKeyAccess` false the account's own services refuse what is signed
with a key; Azure Resource Manager goes on listing keys, and so does this.
"""

from urllib.parse import quote, urlencode

from provisioner.simulator.actions.fake_keys import invented_key, regenerate_key
from provisioner.simulator.actions.targets import BadRequestError, find_target
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import Record

_KEYS = ("key1", "key2")
_BYTES = 64
_SIGNATURE_BYTES = 32
_ACCOUNT = {
    "signedServices": "ss",
    "signedResourceTypes": "srt",
    "signedPermission": "sp",
    "signedExpiry": "se",
}
_SERVICE = {"signedResource": "sr", "signedPermission": "sp", "signedExpiry": "se"}
_OPTIONAL = {
    "signedStart": "st",
    "signedIp": "sip",
    "signedProtocol": "spr",
    "signedIdentifier": "si",
}
_REQUIRED = {
    "ListAccountSas": ("signedServices", "signedResourceTypes", "signedPermission", "signedExpiry"),
    "ListServiceSas": ("canonicalizedResource",),
}
_VERSION = "2015-04-05"
"""`sv` of the signatures that Azure Resource Manager makes (the examples of the reference)."""


def list_keys(cloud: Cloud, request: Request, **_place: str) -> Answer:
    """Answer the two keys, which open nothing."""
    return _show(cloud, find_target(cloud, request))


def regenerate(cloud: Cloud, request: Request, **_place: str) -> Answer:
    """Answer the keys, one of them another than before."""
    row = find_target(cloud, request)
    name = str(request.read_object().get("keyName", "")).lower()
    if name not in _KEYS:
        raise BadRequestError(
            f"keyName is '{name}' and has to be {' or '.join(_KEYS)}.",
            "keyName",
            "InvalidValuesForRequestParameters",
        )
    regenerate_key(cloud, row, name)
    return _show(cloud, row)


def list_account_sas(cloud: Cloud, request: Request, **_place: str) -> Answer:
    """Answer a signature for an account, whose `sig` is invented."""
    return Answer(200, {"accountSasToken": _sign(cloud, request, "ListAccountSas", _ACCOUNT)})


def list_service_sas(cloud: Cloud, request: Request, **_place: str) -> Answer:
    """Answer a signature for a resource of an account, whose `sig` is invented."""
    return Answer(200, {"serviceSasToken": _sign(cloud, request, "ListServiceSas", _SERVICE)})


def _sign(cloud: Cloud, request: Request, what: str, names: dict[str, str]) -> str:
    row = find_target(cloud, request)
    document = request.read_object()
    missing = [name for name in _REQUIRED[what] if not document.get(name)]
    if missing:
        raise BadRequestError(
            f"{', '.join(missing)} is required.", missing[0], "InvalidValuesForRequestParameters"
        )
    fields = {
        short: str(document[name])
        for name, short in {**names, **_OPTIONAL}.items()
        if document.get(name)
    }
    signature = invented_key(cloud, row, f"{what} {sorted(fields.items())}", _SIGNATURE_BYTES).text
    return urlencode({"sv": _VERSION, **fields, "sig": signature}, quote_via=quote)


def _show(cloud: Cloud, row: Record) -> Answer:
    keys = [(name, invented_key(cloud, row, name, _BYTES)) for name in _KEYS]
    shown = [
        {
            "creationTime": key.created,
            "keyName": name,
            "value": key.text,
            "permissions": "FULL",
        }
        for name, key in keys
    ]
    return Answer(200, {"keys": shown})
