"""Kubeconfigs of a cluster, as AKS answers them: of a user, of the administrator, for monitoring.

Source: "Managed Clusters - List Cluster User Credentials" and its neighbours (`server-fqdn`,
`format`), "Use kubelogin to authenticate users in Azure Kubernetes Service" for the plugin of a
cluster with Entra, and Azure/caf-terraform-landingzones#416 for the refusal where
`disableLocalAccounts` is set. The built-in Azure has no API server: the certificates are made when
they are first asked for, are kept in memory only, and open nothing.
"""

import base64
from collections.abc import Mapping
from typing import Any

from provisioner.model.values import Json
from provisioner.simulator.actions.cluster_certificates import certificates_of
from provisioner.simulator.actions.targets import BadRequestError, find_target
from provisioner.simulator.bodies.body_paths import value_at
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import Record

_SERVER = "6dae42f8-4368-4678-94ff-3960e28e3630"
_CLIENT = "80faf920-1908-4b52-b5ef-a8e7bedfc67a"
"""AKS' server and client applications in Entra, the same in every tenant."""

_USER, _ADMIN, _MONITORING = "clusterUser", "clusterAdmin", "clusterMonitoringUser"
_FORMATS = ("azure", "exec")


def list_user_credential(cloud: Cloud, request: Request, **_place: str) -> Answer:
    """Answer the kubeconfig of a user: with Entra a plugin and no credential."""
    return _credentials(cloud, request, find_target(cloud, request), _USER)


def list_admin_credential(cloud: Cloud, request: Request, **_place: str) -> Answer:
    """Answer the kubeconfig of the administrator's certificate."""
    return _credentials(cloud, request, find_target(cloud, request), _ADMIN)


def list_monitoring_credential(cloud: Cloud, request: Request, **_place: str) -> Answer:
    """Answer the kubeconfig of the certificate for monitoring."""
    return _credentials(cloud, request, find_target(cloud, request), _MONITORING)


def list_namespace_credential(
    cloud: Cloud, request: Request, namespace: str, **_place: str
) -> Answer:
    """Answer the kubeconfig of a user whose context is a managed namespace."""
    find_target(cloud, request)
    row = find_target(cloud, request, segments=3)
    return _credentials(cloud, request, row, _USER, namespace)


def get_access_profile(cloud: Cloud, request: Request, role: str, **_place: str) -> Answer:
    """Answer a kubeconfig in the shape of old: one, as a resource (deprecated by AKS)."""
    row = find_target(cloud, request, segments=3)
    named = next((one for one in (_USER, _ADMIN) if one.lower() == role.lower()), None)
    if named is None:
        raise BadRequestError(f"The role name '{role}' is none of {_USER} and {_ADMIN}.")
    body: Json = {
        "id": f"{row.id.text}/accessProfiles/{named}",
        "name": named,
        "type": f"{row.type}/accessProfiles",
        "location": value_at(row.body, "location"),
        "properties": {"kubeConfig": _kubeconfig(cloud, request, row, named)},
    }
    return Answer(200, body)


def _credentials(
    cloud: Cloud, request: Request, row: Record, role: str, namespace: str | None = None
) -> Answer:
    value = _kubeconfig(cloud, request, row, role, namespace)
    return Answer(200, {"kubeconfigs": [{"name": role, "value": value}]})


def _kubeconfig(
    cloud: Cloud, request: Request, row: Record, role: str, namespace: str | None = None
) -> str:
    """Return a kubeconfig as base64 of YAML."""
    import yaml

    name = row.id.name
    user = f"{role}_{row.id.resource_group}_{name}"
    context = name if role == _USER else f"{name}-{role.removeprefix('cluster').lower()}"
    made = certificates_of(cloud, row)
    cluster = {
        "certificate-authority-data": made.authority,
        "server": f"https://{_host(row, request)}:443",
    }
    entry = {"cluster": name, "user": user, **({"namespace": namespace} if namespace else {})}
    config = {
        "apiVersion": "v1",
        "clusters": [{"cluster": cluster, "name": name}],
        "contexts": [{"context": entry, "name": context}],
        "current-context": context,
        "kind": "Config",
        "preferences": {},
        "users": [{"name": user, "user": _user(cloud, request, row, role)}],
    }
    text = yaml.safe_dump(config, sort_keys=False)
    return base64.b64encode(text.encode()).decode()


def _host(row: Record, request: Request) -> str:
    """Return the API server's name: a private cluster's private one, unless `server-fqdn=public`
    asks for the other ("Create a private AKS cluster", `--public-fqdn`)."""
    public, private = (value_at(row.body, f"properties.{n}") for n in ("fqdn", "privateFQDN"))
    asked = request.query.get("server-fqdn", "").lower()
    if asked == "public" and not isinstance(public, str):
        raise BadRequestError(f"The cluster '{row.id.name}' has no public FQDN.", "server-fqdn")
    if asked not in ("", "public", "private"):
        raise BadRequestError("server-fqdn is neither public nor private.", "server-fqdn")
    host = private if isinstance(private, str) and asked != "public" else public
    return str(host)


def _user(cloud: Cloud, request: Request, row: Record, role: str) -> Mapping[str, Any]:
    has_entra = isinstance(value_at(row.body, "properties.aadProfile"), Mapping)
    if role == _USER and has_entra:
        return _entra_user(cloud, request, row)
    if value_at(row.body, "properties.disableLocalAccounts") is True:
        raise BadRequestError(
            "Getting static credential is not allowed because this cluster is set to disable "
            "local accounts."
        )
    made = certificates_of(cloud, row)
    return {"client-certificate-data": made.certificate, "client-key-data": made.key}


def _entra_user(cloud: Cloud, request: Request, row: Record) -> Mapping[str, Any]:
    """The plugin is the format of every version since Kubernetes 1.24, which dropped the other."""
    asked = request.query.get("format", "exec").lower()
    if asked not in _FORMATS:
        raise BadRequestError(f"The format '{asked}' is none of {', '.join(_FORMATS)}.", "format")
    stated = value_at(row.body, "properties.aadProfile.tenantID")
    tenant = stated if isinstance(stated, str) and stated else cloud.tenant_of(row.id.subscription)
    if asked == "azure":
        config = {
            "apiserver-id": _SERVER,
            "client-id": _CLIENT,
            "config-mode": "1",
            "environment": "AzurePublicCloud",
            "tenant-id": tenant,
        }
        return {"auth-provider": {"config": config, "name": "azure"}}
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "args": [
            "get-token", "--environment", "AzurePublicCloud", "--server-id", _SERVER,
            "--client-id", _CLIENT, "--tenant-id", tenant, "--login", "devicecode",
        ],
        "command": "kubelogin",
        "env": None,
        "provideClusterInfo": False,
    }  # fmt: skip
    return {"exec": plugin}
