"""Quotas, limits, Pod Security Standards, service accounts and tokens of a cluster's namespaces.

Its rules are collected by `rules`.
"""

import re
from collections.abc import Iterator

from provisioner.controls.cluster_objects.view import (
    STANDARD,
    ObjectFinding,
    ObservedRule,
    View,
    conclude,
    count,
    fails,
    standard_of,
)
from provisioner.manifests.cluster_kinds import (
    LIMIT_RANGE,
    NAMESPACE,
    POD,
    RESOURCE_QUOTA,
    SECRET,
    SECRET_PROVIDER_CLASS,
    SERVICE_ACCOUNT,
)
from provisioner.manifests.token_rules import CLUSTER_SIGNERS, ENTRA_AUDIENCES, TOKEN_VOLUME
from provisioner.model.cluster_contents import (
    Object,
    at,
    items,
    labels_of,
    name_of,
    namespace_of,
)

_QUOTA_AMOUNTS = ("requests.cpu", "limits.cpu", "requests.memory", "limits.memory")
_ZERO = re.compile(r"0*(\.0*)?[a-zA-Z]*")
_TOKEN = "kubernetes.io/service-account-token"
_MANAGED_LABEL = "managedbyarm"


def _judge_managed(view: View) -> Iterator[ObjectFinding]:
    found = (
        fails("it has no label ManagedByARM", namespace, "metadata.labels")
        for namespace in view.teams
        if not _is_managed_by_arm(namespace) and name_of(namespace) not in view.agents
    )
    yield from conclude(
        found, (f"{count(len(view.teams), 'namespace')}: all have the label ManagedByARM")
    )


def _is_managed_by_arm(namespace: Object) -> bool:
    return any(
        # Compared without prefix and case: the page names the label ManagedByARM only
        # (guidelines.md CLU-05.1).
        key.rpartition("/")[2].lower() == _MANAGED_LABEL and str(value).lower() == "true"
        for key, value in labels_of(namespace).items()
    )


def _judge_quotas(view: View) -> Iterator[ObjectFinding]:
    def judge() -> Iterator[ObjectFinding]:
        for namespace in view.teams:
            quotas = view.contents.in_namespace(RESOURCE_QUOTA, name_of(namespace))
            # A quota with scopes bounds some pods alone.
            hard = [
                at(quota, "spec", "hard") or {}
                for quota in quotas
                if not at(quota, "spec", "scopes") and not at(quota, "spec", "scopeSelector")
            ]
            # In a ResourceQuota `cpu` and `memory` are other names of the requests ("Resource
            # Quotas").
            aliases = {"requests.cpu": "cpu", "requests.memory": "memory"}
            missing = [
                name
                for name in _QUOTA_AMOUNTS
                if not any(_is_amount(h.get(name, h.get(aliases.get(name, "")))) for h in hard)
            ]
            if missing:
                yield fails(f"no ResourceQuota limits {' or '.join(missing)}", namespace)

    yield from conclude(judge(), f"{count(len(view.teams), 'namespace')}: all have a ResourceQuota")


def _is_amount(value: object) -> bool:
    return value is not None and not _ZERO.fullmatch(str(value))


def _judge_limits(view: View) -> Iterator[ObjectFinding]:
    def judge() -> Iterator[ObjectFinding]:
        for namespace in view.teams:
            ranges = view.contents.in_namespace(LIMIT_RANGE, name_of(namespace))
            defaults = [
                at(entry, "default") or {}
                for found in ranges
                for entry in items(at(found, "spec", "limits"))
                if at(entry, "type") == "Container"
            ]
            missing = [
                n for n in ("cpu", "memory") if not any(_is_amount(d.get(n)) for d in defaults)
            ]
            if missing:
                evidence = f"no LimitRange sets a default {' or '.join(missing)} limit"
                yield fails(evidence, namespace)

    yield from conclude(judge(), f"{count(len(view.teams), 'namespace')}: all have default limits")


def _judge_standards(view: View) -> Iterator[ObjectFinding]:
    found = (
        fails(f"it enforces the {standard_of(namespace)} standard", namespace, "metadata.labels")
        for namespace in view.teams
        if standard_of(namespace) != "restricted" and name_of(namespace) not in view.agents
    )
    yield from conclude(
        found, (f"{count(len(view.teams), 'namespace')}: all restricted, or for node agents")
    )


def _why_privileged(namespace: Object) -> str:
    if STANDARD not in labels_of(namespace):
        return f"it has no label {STANDARD}, so privileged pods are allowed"
    return (
        "it enforces the privileged standard and is not in privilegedNamespaces of the environment"
    )


def _judge_privileged(view: View) -> Iterator[ObjectFinding]:
    found = (
        fails(_why_privileged(namespace), namespace, "metadata.labels")
        for namespace in view.teams
        if standard_of(namespace) == "privileged" and name_of(namespace) not in view.agents
    )
    yield from conclude(
        found, f"{count(len(view.teams), 'namespace')}: privileged only for node agents"
    )


def _judge_tokens(view: View) -> Iterator[ObjectFinding]:
    """Judge whether accounts and pods hold no token for the API server that they do not need.

    Accounts mount no token, and no pod holds one, where the environment does not give its namespace
    access to the API server.
    """
    allowed = {found.name for found in view.namespaces if found.settings.api_access}

    def judge() -> Iterator[ObjectFinding]:
        for account in view.outside(SERVICE_ACCOUNT, *allowed):
            if account.get("automountServiceAccountToken") is not False:
                yield fails(
                    ("its service account token is mounted"),
                    account,
                    "automountServiceAccountToken",
                )
        without_token = {
            (namespace_of(account), name_of(account))
            for account in view.of(SERVICE_ACCOUNT)
            if account.get("automountServiceAccountToken") is False
        }
        for pod in view.pods:
            if namespace_of(pod) in allowed:
                continue
            own = at(pod, "spec", "automountServiceAccountToken")
            runs_as = (namespace_of(pod), at(pod, "spec", "serviceAccountName") or "default")
            # The pod decides where it states automountServiceAccountToken, otherwise its account.
            if own is True or (own is None and runs_as not in without_token):
                path = "spec.automountServiceAccountToken"
                yield fails("its service account token is mounted", pod, path)
            for number, volume in enumerate(items(at(pod, "spec", "volumes"))):
                if _holds_token(view, volume):
                    path = f"spec.volumes[{number}]"
                    yield fails(
                        ("it mounts a service account token by a projected volume"), pod, path
                    )

    accounts = count(len(view.outside(SERVICE_ACCOUNT)), "account")
    yield from conclude(
        judge(),
        (f"{accounts} and {count(len(view.pods), 'pod')}: no service account token is mounted"),
    )


def _holds_token(view: View, volume: Object) -> bool:
    # The admission plugin mounts the token as a projected volume of this name.
    if str(at(volume, "name")).startswith(TOKEN_VOLUME):
        return True
    # A token for another audience is refused by the API server; workload identity projects one
    # for Entra ID.
    known = {*ENTRA_AUDIENCES.values(), *view.settings.token_audiences, "istio-ca"}
    return any(
        (
            at(source, "serviceAccountToken") is not None
            and at(source, "serviceAccountToken", "audience") not in known
        )
        # A certificate that the API server trusts signs in to it as a token does.
        or str(at(source, "podCertificate", "signerName") or "").startswith(CLUSTER_SIGNERS)
        for source in items(at(volume, "projected", "sources"))
    )


def _judge_token_secrets(view: View) -> Iterator[ObjectFinding]:
    found = (
        fails("it is a long-lived service account token", secret, "type")
        for secret in view.of(SECRET)
        # Such a token never expires and is valid until its account is deleted; Kubernetes makes
        # none by itself since 1.24 (guidelines.md SA-03).
        if secret.get("type") == _TOKEN
    )
    yield from conclude(
        found, (f"{count(len(view.of(SECRET)), 'secret')}: none is a service account token")
    )


def _judge_federated_accounts(view: View) -> Iterator[ObjectFinding]:
    existing = {(namespace_of(found), name_of(found)) for found in view.of(SERVICE_ACCOUNT)}
    found = (
        fails(
            f"service account {f.namespace}/{f.account} of the federated identity credential "
            f"of {f.identity} does not exist"
        )
        for f in view.facts.federations
        if (f.namespace, f.account) not in existing
    )
    federated = count(len(view.facts.federations), "federated credential")
    yield from conclude(found, f"{federated}: each service account exists")


def _judge_secret_providers(view: View) -> Iterator[ObjectFinding]:
    """Judge whether secrets are mounted by workload identity, and not copied into the cluster."""

    def judge() -> Iterator[ObjectFinding]:
        for found in view.outside(SECRET_PROVIDER_CLASS):
            parameters = at(found, "spec", "parameters") or {}
            if str(parameters.get("usePodIdentity", "false")).lower() == "true":
                yield fails(
                    ("usePodIdentity is true: pod identity is retired"), found, "spec.parameters"
                )
            if str(parameters.get("useVMManagedIdentity", "false")).lower() == "true":
                yield fails("it uses the identity of the node", found, "spec.parameters")
            elif not parameters.get("clientID"):
                yield fails("clientID is not set", found, "spec.parameters.clientID")
            # Synced Secrets are in etcd and open to whoever reads Secrets in the namespace
            # (guidelines.md WRK-05.4).
            if items(at(found, "spec", "secretObjects")):
                yield fails(
                    ("secretObjects copies secrets into the cluster"), found, "spec.secretObjects"
                )

    classes = count(len(view.outside(SECRET_PROVIDER_CLASS)), "SecretProviderClass")
    yield from conclude(
        judge(), f"{classes.replace('Classs', 'Classes')}: each uses workload identity"
    )


RULES = {
    "CLU-05.1": ObservedRule(_judge_managed, (NAMESPACE,)),
    "CLU-05.2": ObservedRule(_judge_quotas, (NAMESPACE, RESOURCE_QUOTA)),
    "CLU-05.3": ObservedRule(_judge_limits, (NAMESPACE, LIMIT_RANGE)),
    "CLU-05.5": ObservedRule(_judge_standards, (NAMESPACE,)),
    "MAN-04": ObservedRule(_judge_privileged, (NAMESPACE,)),
    "SA-01": ObservedRule(_judge_tokens, (SERVICE_ACCOUNT, POD)),
    "SA-03": ObservedRule(_judge_token_secrets, (SECRET,)),
    "ENV-02.4": ObservedRule(_judge_federated_accounts, (SERVICE_ACCOUNT,)),
    "WRK-05.4": ObservedRule(_judge_secret_providers, (SECRET_PROVIDER_CLASS,)),
}
"""The rules by the id of their control."""
