"""What stands in the way of a plan of a cluster: kinds that are not served, and lists that are
refused."""

from collections.abc import Iterable, Iterator

from provisioner.cluster.decisions import Decision
from provisioner.model.diagnostic import Diagnostic, error
from provisioner.model.kubernetes_error import KubernetesError, describe_refusal
from provisioner.workflow.cluster_reading import ClusterState
from provisioner.workflow.plan import Desired

_ADD_ONS = {
    "secrets-store.csi.x-k8s.io": "Enable the add-on azureKeyvaultSecretsProvider.",
    "cilium.io": "The cluster's data plane has to be Cilium (networkDataplane: cilium).",
    "security.istio.io": "Enable the Istio add-on (serviceMeshProfile).",
}
_MOST_NAMED = 5


def find_missing_kinds(decisions: Iterable[Decision], state: ClusterState) -> Iterator[Diagnostic]:
    """Yield one error for each kind that the API server does not serve, with what brings it."""
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
    """Yield one error for the lists that could not be read for one cause: the census has each with
    its reason."""
    role = f"`azsec roles {desired.document.name} --for cluster-apply` writes the role for it."
    causes: dict[tuple[int, str], list[KubernetesError]] = {}
    for _, refusal in state.refusals:
        causes.setdefault((refusal.status, refusal.reason), []).append(refusal)
    for refusals in causes.values():
        what = f"{len(refusals)} of {len(state.lists)} lists could not be read"
        yield describe_refusal(refusals[0], what, role)
