"""Extracts the cluster settings that Kubernetes objects depend on from an estate.

The estate may be the desired, the planned or the actual state. Every module that renders objects
takes these facts.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import cast

from provisioner.blueprint.kubernetes import is_label, is_subdomain, is_system_namespace
from provisioner.catalog.aks_add_ons import AddOn, find_add_ons
from provisioner.catalog.cluster_defaults import node_resource_group
from provisioner.catalog.kubernetes_versions import DEFAULT_VERSION
from provisioner.catalog.private_link import private_link_zone
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.model.estate import Estate, Resource
from provisioner.model.resource_id import parse_resource_id, resource_group_id
from provisioner.model.values import Body, is_empty, lookup

_CLUSTER = "Microsoft.ContainerService/managedClusters"
_POOL = f"{_CLUSTER}/agentPools"
_NAMESPACE = f"{_CLUSTER}/managedNamespaces"
_REGISTRY = "Microsoft.ContainerRegistry/registries"
_VAULT = "Microsoft.KeyVault/vaults"
_ENDPOINT = "Microsoft.Network/privateEndpoints"
_CREDENTIAL = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials"

_EXTENSION = "Microsoft.KubernetesConfiguration/extensions"

_SUBJECT = "system:serviceaccount:"


@dataclass(frozen=True, slots=True)
class Federation:
    """A service account with a federated credential of a managed identity.

    Its namespace is not a system namespace. `client_id` is None where only Azure knows it;
    `identity` is the label of the identity.
    """

    namespace: str
    account: str
    identity: str
    client_id: str | None


@dataclass(frozen=True, slots=True)
class ManagedNamespace:
    """A namespace that ARM creates and manages: AKS refuses changes of its settings in the cluster.

    Its Pod Security level is of `pod_security_version`, None for the cluster's version; `labels`
    includes its annotations.
    """

    name: str
    pod_security: str
    pod_security_version: tuple[int, int] | None
    has_quota: bool
    has_network_policy: bool
    id: str = ""
    labels: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class ClusterFacts:
    """The settings of a cluster that its objects depend on.

    `id` is its resource id; `version` is its minor version; `registries` are login servers,
    `endpoint_ranges` the subnets of private endpoints, `filters_hosts` whether policies may name
    hosts. `administrators` are the object ids of the groups that AKS binds to cluster-admin, in
    lower case; `node_group` is the prefix of the provider ids of its nodes, likewise, "" where it
    is not known. `add_ons` are its AKS add-ons and extensions.
    """

    cloud: str
    tenant_id: str
    version: tuple[int, int]
    has_cilium: bool
    filters_hosts: bool
    has_istio: bool
    has_kata: bool
    registries: tuple[str, ...]
    vaults: tuple[str, ...]
    endpoint_ranges: tuple[str, ...]
    federations: tuple[Federation, ...]
    managed: Mapping[str, ManagedNamespace]
    api_server_ranges: tuple[str, ...] = ()
    id: str = ""
    administrators: frozenset[str] = frozenset()
    node_group: str = ""
    add_ons: frozenset[AddOn] = frozenset()


def read_cluster(estate: Estate, cloud: str, tenant_id: str) -> ClusterFacts:
    """Return the facts of the only cluster of an estate.

    `cloud` is the Azure cloud whose host names it uses.

    Raises:
        DiagnosticError: Where the estate has no cluster, or more than one.
    """
    clusters = estate.of_type(_CLUSTER)
    if len(clusters) != 1:
        found = ", ".join(cluster.label for cluster in clusters) or "none"
        raise DiagnosticError(
            error(
                "which-cluster",
                f"manifests are of one cluster; in this state the environment has {found}.",
            )
        )
    (cluster,) = clusters
    network = _property_at(cluster, "networkProfile")
    advanced = lookup(network, ("advancedNetworking", "security", "advancedNetworkPolicies"))
    return ClusterFacts(
        cloud=cloud,
        tenant_id=tenant_id,
        version=_minor_version(_property_at(cluster, "kubernetesVersion")),
        has_cilium=lookup(network, ("networkDataplane",)) == "cilium",
        filters_hosts=advanced in ("FQDN", "L7"),
        has_istio=lookup(_property_at(cluster, "serviceMeshProfile"), ("mode",)) == "Istio",
        has_kata=any(
            str(_property_at(pool, "workloadRuntime")).startswith("Kata")
            for pool in estate.of_type(_POOL)
        ),
        registries=tuple(
            sorted(
                f"{registry.id.name.lower()}{_registry_suffix(cloud)}"
                for registry in estate.of_type(_REGISTRY)
            )
        ),
        vaults=tuple(sorted(vault.id.name for vault in estate.of_type(_VAULT))),
        endpoint_ranges=tuple(sorted(set(_endpoint_ranges(estate)))),
        federations=tuple(
            sorted(_read_federations(estate), key=lambda found: (found.namespace, found.account))
        ),
        managed={
            found.name: found for found in map(_managed_namespace, estate.of_type(_NAMESPACE))
        },
        api_server_ranges=tuple(
            _ranges_of(estate, _property_at(cluster, "apiServerAccessProfile", "subnetId"))
        ),
        id=cluster.id.text,
        administrators=frozenset(_administrator_groups(cluster)),
        node_group=_node_group(cluster),
        add_ons=find_add_ons(_cluster_properties(cluster), map(str, _extension_types(estate))),
    )


def _cluster_properties(cluster: Resource) -> Mapping[str, object]:
    found = _property_at(cluster)
    return found if isinstance(found, Mapping) else {}


def _extension_types(estate: Estate) -> Iterator[object]:
    return (_property_at(each, "extensionType") for each in estate.of_type(_EXTENSION))


def _property_at(resource: Resource, *path: str) -> object:
    return lookup(resource.body, ("properties", *path))


def _administrator_groups(cluster: Resource) -> Iterator[str]:
    named = _property_at(cluster, "aadProfile", "adminGroupObjectIDs")
    for group in named if isinstance(named, (list, tuple)) else ():
        if isinstance(group, str):
            yield group.lower()


def _minor_version(stated: object) -> tuple[int, int]:
    text = stated if isinstance(stated, str) and stated else DEFAULT_VERSION
    major, minor = text.split(".")[:2]
    return int(major), int(minor)


def _registry_suffix(cloud: str) -> str:
    return private_link_zone("registry", cloud, "").removeprefix("privatelink")


def _endpoint_ranges(estate: Estate) -> Iterator[str]:
    for endpoint in estate.of_type(_ENDPOINT):
        yield from _ranges_of(estate, _property_at(endpoint, "subnet", "id"))


def _ranges_of(estate: Estate, subnet: object) -> Iterator[str]:
    """Yield the ranges of the subnet that an id names, where the state has it."""
    named = parse_resource_id(subnet)
    found = estate.get(named) if named else None
    if found is not None:
        one = _property_at(found, "addressPrefix")
        many = _property_at(found, "addressPrefixes")
        prefixes = many if isinstance(many, (list, tuple)) and many else [one]
        yield from (prefix for prefix in prefixes if isinstance(prefix, str))


def _read_federations(estate: Estate) -> Iterator[Federation]:
    for credential in estate.of_type(_CREDENTIAL):
        subject = _property_at(credential, "subject")
        if not isinstance(subject, str) or not subject.startswith(_SUBJECT):
            continue
        namespace, _, account = subject.removeprefix(_SUBJECT).partition(":")
        # An identity of the system's own namespaces is not for workloads, and another subject
        # cannot be a service account.
        if is_system_namespace(namespace) or not (is_label(namespace) and is_subdomain(account)):
            continue
        parent = credential.id.parent
        identity = estate.get(parent) if parent else None
        client = _property_at(identity, "clientId") if identity else None
        yield Federation(
            namespace,
            account,
            identity.label if identity else str(parent),
            client if isinstance(client, str) else None,
        )


def _managed_namespace(namespace: Resource) -> ManagedNamespace:
    level = _property_at(namespace, "labels", "pod-security.kubernetes.io/enforce")
    version = _property_at(namespace, "labels", "pod-security.kubernetes.io/enforce-version")
    pinned = re.fullmatch(r"v1\.(\d{1,3})", version) if isinstance(version, str) else None
    return ManagedNamespace(
        name=namespace.id.name,
        # Pod Security Admission enforces nothing in a namespace without the label, unless the
        # cluster configures otherwise.
        pod_security=level if isinstance(level, str) else "privileged",
        pod_security_version=(1, int(pinned[1])) if pinned else None,
        has_quota=not is_empty(_property_at(namespace, "defaultResourceQuota")),
        has_network_policy=not is_empty(_property_at(namespace, "defaultNetworkPolicy")),
        id=namespace.id.text,
        labels=dict(_text_entries(namespace, "labels"))
        | dict(_text_entries(namespace, "annotations")),
    )


def _text_entries(resource: Resource, name: str) -> Iterator[tuple[str, str]]:
    """Yield the entries of a property that are texts: others are known after an apply."""
    stated = _property_at(resource, name)
    for key, value in stated.items() if isinstance(stated, Mapping) else ():
        if isinstance(value, str):
            yield str(key), value


def _node_group(cluster: Resource) -> str:
    """Return the prefix of the provider ids of the cluster's nodes, in lower case.

    A provider id is that of a virtual machine or of a scale set instance in the node resource group
    (cloud-provider-azure: "azure:///" and the resource id).
    """
    if cluster.id.subscription is None:
        return ""
    group = node_resource_group(cluster.id, cast("Body", cluster.body))
    return f"azure://{resource_group_id(cluster.id.subscription, group).text}/".lower()
