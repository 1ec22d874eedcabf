"""What stands in the way of a plan of a cluster: kinds that are not served, and lists that are
refused."""

from collections.abc import Iterable, Iterator

from provisioner.cluster.decisions import Decision
from provisioner.model.diagnostic import Diagnostic, error
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
    """Yield one error for all lists that were refused: the census has each with its reason."""
    refused = [entry.listed for entry in state.unreadable]
    if refused:
        yield error(
            "forbidden",
            f"{len(refused)} of {len(state.lists)} lists were refused, so what stands there is not "
            "known.",
            None,
            f"`azsec roles {desired.document.name} --for cluster-apply` writes the role for it.",
        )
