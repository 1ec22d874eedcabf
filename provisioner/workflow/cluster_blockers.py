"""Blockers of a cluster's plan: kinds that are not served, lists that are refused.

Called by `workflow.cluster_plan`.
"""

from collections.abc import Iterable, Iterator

from provisioner.cluster.decisions import Decision, DeclaredObject, Permission
from provisioner.cluster.objects import ServedKind
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error, nearest
from provisioner.model.kubernetes_error import KubernetesError, describe_refusal
from provisioner.workflow.cluster_reader import ClusterState
from provisioner.workflow.plan import Desired

_ADD_ONS = {
    "secrets-store.csi.x-k8s.io": "Enable the add-on azureKeyvaultSecretsProvider.",
    "cilium.io": "The cluster's data plane has to be Cilium (networkDataplane: cilium).",
    "security.istio.io": "Enable the Istio add-on (serviceMeshProfile).",
}
_MOST_NAMED = 5


def find_missing_kinds(decisions: Iterable[Decision], state: ClusterState) -> Iterator[Diagnostic]:
    """Yield one error for each kind that the API server does not serve, with its add-on."""
    missing: dict[str, list[str]] = {}
    for decision in decisions:
        body = decision.body
        if body is not None and not decision.path:
            missing.setdefault(f"{body['kind']} ({body['apiVersion']})", []).append(
                decision.key.address
            )
    for kind, addresses in missing.items():
        group = kind.partition("(")[2].rpartition("/")[0]
        shown = ", ".join(addresses[:_MOST_NAMED])
        more = ", …" if len(addresses) > _MOST_NAMED else ""
        yield error(
            "missing-kind",
            f"{state.document.server} does not serve {kind}, which {shown}{more} need.",
            None,
            _ADD_ONS.get(group, "Install its CustomResourceDefinition."),
        )


def find_refused_lists(desired: Desired, state: ClusterState) -> Iterator[Diagnostic]:
    """Yield one error for all lists refused for the same cause, with the kinds not looked at.

    The census has each kind with its reason.
    """
    role = f"`azsec roles {desired.document.name} --for cluster-apply` writes the role for it."
    causes: dict[tuple[int, str], list[tuple[ServedKind, KubernetesError]]] = {}
    for kind, refusal in state.refusals:
        causes.setdefault((refusal.status, refusal.reason), []).append((kind, refusal))
    for refused in causes.values():
        kinds = ", ".join(f"{kind.api_version}/{kind.kind}" for kind, _ in refused)
        what = (
            f"{len(refused)} of {len(state.lists)} lists could not be read, so these kinds were "
            f"not looked at, declared or no longer declared ({kinds})"
        )
        yield describe_refusal(refused[0][1], what, role)


def check_adoptions(addresses: Iterable[str], declared: Iterable[DeclaredObject]) -> None:
    """Check that the environment declares an object at each address to adopt.

    Raises:
        DiagnosticError: Where it does not, for each such address.
    """
    objects = tuple(declared)
    known = [each.key.address for each in objects]
    spaces = {f"{each.key.namespace}/*" for each in objects if each.key.namespace}
    unknown = [
        error(
            "unknown-address",
            f"there is nothing to adopt at {address!r}: the environment declares no such object.",
            None,
            nearest(address, [*known, *sorted(spaces)]),
        )
        for address in addresses
        if not any(Permission((address,)).may_adopt(each.key) for each in objects)
    ]
    if unknown:
        raise DiagnosticError(*unknown)
