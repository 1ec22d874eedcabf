"""Access keys of a storage account, and shared access signatures.

Source: the Storage resource provider's "Storage Accounts - List Keys" (recorded), "- Regenerate
Key", "- List Account SAS", "- List Service SAS", and "Prevent Shared Key authorization for an Azure
Storage account": with `allowSharedKeyAccess` false the account's data plane refuses requests signed
with a key; Azure Resource Manager still lists the keys, and so does this.
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


def list_keys(cloud: Cloud, request: Request, **_path_parameters: str) -> Answer:
    """Answer the two invented keys."""
    return _answer_keys(cloud, find_target(cloud, request))


def regenerate(cloud: Cloud, request: Request, **_path_parameters: str) -> Answer:
    """Answer the keys, one of them regenerated.

    Raises:
        BadRequestError: there is no such key.
    """
    row = find_target(cloud, request)
    name = str(request.read_object().get("keyName", "")).lower()
    if name not in _KEYS:
        raise BadRequestError(
            f"keyName is '{name}' and has to be {' or '.join(_KEYS)}.",
            "keyName",
            "InvalidValuesForRequestParameters",
        )
    regenerate_key(cloud, row, name)
    return _answer_keys(cloud, row)


def list_account_sas(cloud: Cloud, request: Request, **_path_parameters: str) -> Answer:
    """Answer an account SAS with an invented signature."""
    return Answer(200, {"accountSasToken": _sas_token(cloud, request, "ListAccountSas", _ACCOUNT)})


def list_service_sas(cloud: Cloud, request: Request, **_path_parameters: str) -> Answer:
    """Answer a service SAS with an invented signature."""
    return Answer(200, {"serviceSasToken": _sas_token(cloud, request, "ListServiceSas", _SERVICE)})


def _sas_token(cloud: Cloud, request: Request, operation: str, names: dict[str, str]) -> str:
    row = find_target(cloud, request)
    document = request.read_object()
    missing = [name for name in _REQUIRED[operation] if not document.get(name)]
    if missing:
        raise BadRequestError(
            f"{', '.join(missing)} is required.", missing[0], "InvalidValuesForRequestParameters"
        )
    fields = {
        short: str(document[name])
        for name, short in {**names, **_OPTIONAL}.items()
        if document.get(name)
    }
    signature = invented_key(
        cloud, row, f"{operation} {sorted(fields.items())}", _SIGNATURE_BYTES
    ).text
    return urlencode({"sv": _VERSION, **fields, "sig": signature}, quote_via=quote)


def _answer_keys(cloud: Cloud, row: Record) -> Answer:
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
