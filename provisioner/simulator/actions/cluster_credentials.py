"""Kubeconfigs of a cluster: user, admin and monitoring credentials.

Source: "Managed Clusters - List Cluster User Credentials" and its neighbours (`server-fqdn`,
`format`), "Use kubelogin to authenticate users in Azure Kubernetes Service" for the plugin of a
cluster with Entra integration, and Azure/caf-terraform-landingzones#416 for the refusal where
`disableLocalAccounts` is set. The built-in Azure has no API server: certificates are issued at the
first call, are kept in memory only, and open nothing.
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

_ENTRA_SERVER_APP = "6dae42f8-4368-4678-94ff-3960e28e3630"
_ENTRA_CLIENT_APP = "80faf920-1908-4b52-b5ef-a8e7bedfc67a"
"""AKS' server and client applications in Entra, the same in every tenant."""

_USER, _ADMIN, _MONITORING = "clusterUser", "clusterAdmin", "clusterMonitoringUser"
_FORMATS = ("azure", "exec")


def list_user_credential(cloud: Cloud, request: Request, **_path_parameters: str) -> Answer:
    """Answer the user's kubeconfig; with Entra integration it has a plugin and no credential."""
    return _answer_kubeconfig(cloud, request, find_target(cloud, request), _USER)


def list_admin_credential(cloud: Cloud, request: Request, **_path_parameters: str) -> Answer:
    """Answer the kubeconfig with the admin's certificate."""
    return _answer_kubeconfig(cloud, request, find_target(cloud, request), _ADMIN)


def list_monitoring_credential(cloud: Cloud, request: Request, **_path_parameters: str) -> Answer:
    """Answer the kubeconfig with the monitoring certificate."""
    return _answer_kubeconfig(cloud, request, find_target(cloud, request), _MONITORING)


def list_namespace_credential(
    cloud: Cloud, request: Request, namespace: str, **_path_parameters: str
) -> Answer:
    """Answer the user's kubeconfig, whose context is a managed namespace."""
    find_target(cloud, request)
    row = find_target(cloud, request, segments=3)
    return _answer_kubeconfig(cloud, request, row, _USER, namespace)


def get_access_profile(
    cloud: Cloud, request: Request, role: str, **_path_parameters: str
) -> Answer:
    """Answer one kubeconfig as a resource, the older form that AKS has deprecated.

    Raises:
        BadRequestError: the role is unknown.
    """
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


def _answer_kubeconfig(
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
    certificates = certificates_of(cloud, row)
    cluster = {
        "certificate-authority-data": certificates.authority,
        "server": f"https://{_api_server_name(row, request)}:443",
    }
    entry = {"cluster": name, "user": user, **({"namespace": namespace} if namespace else {})}
    config = {
        "apiVersion": "v1",
        "clusters": [{"cluster": cluster, "name": name}],
        "contexts": [{"context": entry, "name": context}],
        "current-context": context,
        "kind": "Config",
        "preferences": {},
        "users": [{"name": user, "user": _user_entry(cloud, request, row, role)}],
    }
    text = yaml.safe_dump(config, sort_keys=False)
    return base64.b64encode(text.encode()).decode()


def _api_server_name(row: Record, request: Request) -> str:
    """Return the FQDN of the API server.

    A private cluster's is the private one, unless `server-fqdn=public` asks for the public one
    ("Create a private AKS cluster", `--public-fqdn`).

    Raises:
        BadRequestError: there is no public FQDN, or the parameter has another value.
    """
    public, private = (value_at(row.body, f"properties.{n}") for n in ("fqdn", "privateFQDN"))
    requested = request.query.get("server-fqdn", "").lower()
    if requested == "public" and not isinstance(public, str):
        raise BadRequestError(f"The cluster '{row.id.name}' has no public FQDN.", "server-fqdn")
    if requested not in ("", "public", "private"):
        raise BadRequestError("server-fqdn is neither public nor private.", "server-fqdn")
    host = private if isinstance(private, str) and requested != "public" else public
    return str(host)


def _user_entry(cloud: Cloud, request: Request, row: Record, role: str) -> Mapping[str, Any]:
    has_entra = isinstance(value_at(row.body, "properties.aadProfile"), Mapping)
    if role == _USER and has_entra:
        return _entra_user(cloud, request, row)
    if value_at(row.body, "properties.disableLocalAccounts") is True:
        raise BadRequestError(
            "Getting static credential is not allowed because this cluster is set to disable "
            "local accounts."
        )
    certificates = certificates_of(cloud, row)
    return {
        "client-certificate-data": certificates.certificate,
        "client-key-data": certificates.key,
    }


def _entra_user(cloud: Cloud, request: Request, row: Record) -> Mapping[str, Any]:
    """Return the user entry of a cluster with Entra integration.

    The exec plugin is the format since Kubernetes 1.24, which dropped the other one.

    Raises:
        BadRequestError: the format is unknown.
    """
    requested = request.query.get("format", "exec").lower()
    if requested not in _FORMATS:
        raise BadRequestError(
            f"The format '{requested}' is none of {', '.join(_FORMATS)}.", "format"
        )
    stated = value_at(row.body, "properties.aadProfile.tenantID")
    tenant = stated if isinstance(stated, str) and stated else cloud.tenant_of(row.id.subscription)
    if requested == "azure":
        config = {
            "apiserver-id": _ENTRA_SERVER_APP,
            "client-id": _ENTRA_CLIENT_APP,
            "config-mode": "1",
            "environment": "AzurePublicCloud",
            "tenant-id": tenant,
        }
        return {"auth-provider": {"config": config, "name": "azure"}}
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "args": [
            "get-token", "--environment", "AzurePublicCloud", "--server-id", _ENTRA_SERVER_APP,
            "--client-id", _ENTRA_CLIENT_APP, "--tenant-id", tenant, "--login", "devicecode",
        ],
        "command": "kubelogin",
        "env": None,
        "provideClusterInfo": False,
    }  # fmt: skip
    return {"exec": plugin}
