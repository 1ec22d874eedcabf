"""The namespaces of a cluster: declared ones, managed ones, and those of federated credentials.

`rendering` calls it first; the other modules take its `WantedNamespace`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from provisioner.blueprint.kubernetes import (
    KubernetesSettings,
    NamespaceSettings,
    PeerKind,
    SecretsSettings,
    parse_peer,
)
from provisioner.blueprint.yaml_source import Node
from provisioner.manifests.cluster_facts import ClusterFacts, ManagedNamespace
from provisioner.model.diagnostic import Diagnostic, error, nearest, warning


@dataclass(frozen=True, slots=True)
class Account:
    """A service account, with the client id of the identity that it signs in as, if it does."""

    name: str
    client_id: str | None


@dataclass(frozen=True, slots=True)
class WantedNamespace:
    """A namespace as declared. `managed` are the settings that ARM manages, if it does."""

    settings: NamespaceSettings
    accounts: tuple[Account, ...]
    managed: ManagedNamespace | None

    @property
    def name(self) -> str:
        """The name of the namespace."""
        return self.settings.name

    @property
    def pod_security(self) -> str:
        """The Pod Security level that it enforces: ARM's setting takes precedence."""
        return self.managed.pod_security if self.managed else self.settings.pod_security

    @property
    def pod_security_version(self) -> tuple[int, int] | None:
        """The version of its Pod Security level, None for the cluster's version.

        None applies to namespaces that azsec labels, and where ARM leaves it open or has `latest`.
        """
        return self.managed.pod_security_version if self.managed else None

    def client_id(self, account: str) -> str | None:
        """Return the client id that a service account signs in as."""
        return next((a.client_id for a in self.accounts if a.name == account), None)


def find_namespaces(
    settings: KubernetesSettings, facts: ClusterFacts
) -> tuple[WantedNamespace, ...]:
    """Return the namespaces by name.

    They are those that the environment declares, those that ARM manages, and those of federated
    credentials, the latter with default settings.
    """
    stated = {namespace.name: namespace for namespace in settings.namespaces}
    names = {*stated, *facts.managed, *(found.namespace for found in facts.federations)}
    return tuple(
        WantedNamespace(
            settings=stated.get(name) or _default_settings(name),
            accounts=_service_accounts(stated.get(name), name, facts),
            managed=facts.managed.get(name),
        )
        for name in sorted(names)
    )


def _default_settings(name: str) -> NamespaceSettings:
    return NamespaceSettings.model_validate({"name": name})


def _service_accounts(
    stated: NamespaceSettings | None, namespace: str, facts: ClusterFacts
) -> tuple[Account, ...]:
    clients = {
        found.account: found.client_id
        for found in facts.federations
        if found.namespace == namespace
    }
    for account in stated.service_accounts if stated else ():
        clients[account.name] = account.client_id or clients.get(account.name)
    return tuple(Account(name, client) for name, client in sorted(clients.items()))


def check_namespaces(
    settings: KubernetesSettings, facts: ClusterFacts, node: Node
) -> Iterator[Diagnostic]:
    """Yield an error for each setting that the cluster does not support.

    `node` is the `kubernetes:` of the environment.
    """
    for number, namespace in enumerate(settings.namespaces):
        here = node.find(("namespaces", number))
        if namespace.isolated and not facts.has_kata:
            yield error(
                "no-isolated-pool",
                f"pods of {namespace.name} are to run in virtual machines, and no pool has them.",
                here.find(("isolated",)).span,
                "Give the cluster a pool with workloadRuntime KataVmIsolation (WRK-04).",
            )
        for place, rule in enumerate(namespace.egress):
            peer = parse_peer(rule.to)
            if peer and peer.kind is PeerKind.HOST and not facts.filters_hosts:
                yield error(
                    "no-host-policies",
                    f"the cluster has no policies for hosts, as {rule.to} is one.",
                    here.find(("egress", place, "to")).span,
                    "Set advancedNetworkPolicies to FQDN (WRK-03.3), or name a range.",
                )
            if peer and peer.kind is PeerKind.PRIVATE_ENDPOINTS and not facts.endpoint_ranges:
                yield error(
                    "no-private-endpoint",
                    "the environment has no private endpoint.",
                    here.find(("egress", place, "to")).span,
                    "Name the range of the subnet that it is in.",
                )
        for place, secrets in enumerate(namespace.secrets):
            yield from _check_secrets(namespace, secrets, facts, here.find(("secrets", place)))


def _check_secrets(
    namespace: NamespaceSettings, secrets: SecretsSettings, facts: ClusterFacts, node: Node
) -> Iterator[Diagnostic]:
    accounts = [account.name for account in _service_accounts(namespace, namespace.name, facts)]
    if secrets.service_account not in accounts:
        yield error(
            "unknown-service-account",
            f"{namespace.name} has no service account {secrets.service_account!r}.",
            node.find(("serviceAccount",)).span,
            nearest(secrets.service_account, accounts),
        )
    if secrets.vault is None and len(facts.vaults) != 1:
        yield error(
            "which-vault",
            f"the environment has {len(facts.vaults)} vaults.",
            node.span,
            "Add `vault` with the name of one.",
        )


def warn_of_clients(
    namespaces: tuple[WantedNamespace, ...], facts: ClusterFacts
) -> Iterator[Diagnostic]:
    """Yield a warning for each service account whose client id only Azure knows."""
    identities = {(f.namespace, f.account): f.identity for f in facts.federations}
    for namespace in namespaces:
        for account in namespace.accounts:
            identity = identities.get((namespace.name, account.name))
            if account.client_id is None and identity is not None:
                yield warning(
                    "unknown-client-id",
                    f"the client id of {identity} is not known, so {account.name} in "
                    f"{namespace.name} does not sign in, and its secrets are left out.",
                    None,
                    "Run with --of actual after apply, or state `clientId`.",
                )


def vault_of(secrets: SecretsSettings, facts: ClusterFacts) -> str:
    """Return the name of the vault that secrets come from; `check_namespaces` found one."""
    return secrets.vault or facts.vaults[0]
