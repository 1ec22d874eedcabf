"""Reads a cluster: its identity, the kinds that it serves, and the objects of the relevant kinds.

Called by the workflows of cluster plans, drift and observations.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from provisioner.cluster.object_kinds import ADDITIVE, AdditiveKind, additive_of
from provisioner.cluster.objects import DISCOVERY, Key, Object, Served, ServedKind, key_of
from provisioner.cluster.objects import read_served as interpret
from provisioner.cluster.pods import describe_debugging, describe_node_access
from provisioner.documents.census import UnreadableDocument
from provisioner.documents.cluster import ClusterDocument
from provisioner.engine.cluster_port import Answer, ApiRequest, ClusterApi
from provisioner.manifests.declared_kinds import DECLARED_KINDS
from provisioner.manifests.observer import LEFT_OUT
from provisioner.model.cluster_contents import Kind
from provisioner.model.diagnostic import Diagnostic, DiagnosticError
from provisioner.model.kubernetes_error import KubernetesError, describe_refusal

_UID_PATH = "/api/v1/namespaces/kube-system"
_NOT_AN_API_SERVER = "what answers does not say which cluster it is, and which kinds it serves"
SIGN_IN_HINT = (
    "Sign in again: `az aks get-credentials` writes the kubeconfig, and `kubelogin "
    "convert-kubeconfig -l azurecli` makes it use the sign-in of `az`."
)
OBSERVER_HINT = (
    "Run azsec from a host inside the network, or compare an observation (azsec cluster drift "
    "--observation, docs/cluster.md)."
)


@dataclass(frozen=True, slots=True)
class KindList:
    """The answer to the list of one kind: its objects, or the refusal."""

    kind: ServedKind
    adds: AdditiveKind | None
    bodies: tuple[Object, ...] = ()
    refusal: KubernetesError | None = None

    @property
    def is_left_out(self) -> bool:
        """Whether it was refused for lack of a permission that an observer's role leaves out."""
        named = (self.kind.group, self.kind.kind) == (LEFT_OUT.group, LEFT_OUT.name)
        return named and self.refusal is not None and self.refusal.is_forbidden


@dataclass(frozen=True, slots=True)
class ClusterState:
    """The contents of a cluster that were read.

    `minor` is its version as in 1.35. `pods` is the number of pods that were looked at; only those
    with access to their node are kept. `unlisted` are the kinds that an observation should have a
    list of and has not; `unstated` those of which it does not state whether the API server serves
    them.
    """

    document: ClusterDocument
    served: Served
    lists: tuple[KindList, ...]
    pods: int = 0
    unlisted: tuple[Kind, ...] = ()
    unstated: tuple[Kind, ...] = ()

    @property
    def minor(self) -> str:
        """The minor version of Kubernetes."""
        return ".".join(self.document.version.removeprefix("v").split(".")[:2])

    @property
    def objects(self) -> Mapping[Key, Object]:
        """Every object that was read, by its key."""
        return {key_of(body): body for each in self.lists for body in each.bodies}

    @property
    def unreadable(self) -> tuple[UnreadableDocument, ...]:
        """The lists that the API server refused, or that an observation does not have."""
        unlisted = (
            UnreadableDocument(id=kind.text, listed=kind.text, reason=_describe_missing_list(kind))
            for kind in self.unlisted
        )
        refused = (
            UnreadableDocument(
                id=kind.list_path,
                listed=f"{kind.api_version}/{kind.kind}",
                reason=refusal.message,
            )
            for kind, refusal in self.refusals
        )
        return (*refused, *unlisted)

    @property
    def refusals(self) -> tuple[tuple[ServedKind, KubernetesError], ...]:
        """The kinds whose lists could not be read, each with the reason.

        Those that the roles leave out on purpose are not among them.
        """
        return tuple(
            (each.kind, each.refusal)
            for each in self.lists
            if each.refusal is not None and not each.is_left_out
        )

    @property
    def left_out(self) -> tuple[KindList, ...]:
        """The lists that azsec's roles for observers leave out on purpose."""
        return tuple(each for each in self.lists if each.is_left_out)

    def refusal_of(self, key: Key) -> KubernetesError | None:
        """Return why objects of a key's kind could not be listed, if they could not."""
        named = Kind(key.group, key.kind)
        if named in self.unlisted:
            return KubernetesError(0, "NotObserved", _describe_missing_list(named))
        return next(
            (
                each.refusal
                for each in self.lists
                if (each.kind.group, each.kind.kind) == (key.group, key.kind)
            ),
            None,
        )


def _describe_missing_list(kind: Kind) -> str:
    return f"the observation has no list of {kind.text}"


def read_cluster(api: ClusterApi, way: str, *, inventory: bool) -> ClusterState:
    """Read the objects of every kind that an environment can declare.

    An object that it no longer declares can be of any of them. With `inventory` the kinds whose
    objects count as additions are read too.

    Raises DiagnosticError where the API server cannot be reached, or does not identify itself.
    """
    document, served = identify(api, way)
    kinds = {(kind.group, kind.name) for kind in DECLARED_KINDS}
    if inventory:
        kinds |= {(each.group, each.kind) for each in ADDITIVE}
    served_kinds = find_kinds(served, kinds)
    plain = [kind for kind in served_kinds if (kind.group, kind.kind) != ("", "Pod")]
    answers = api.ask([_list_request(kind) for kind in plain])
    lists = [_kind_list(kind, answer) for kind, answer in zip(plain, answers, strict=True)]
    pods = 0
    for kind in served_kinds:
        if kind not in plain:
            found, pods = _list_pods(api, kind)
            lists.append(found)
    return ClusterState(document, served, tuple(lists), pods)


def find_kinds(served: Served, kinds: Iterable[tuple[str, str]]) -> list[ServedKind]:
    """Return the kinds, of some given by group and name, that an API server serves lists of."""
    found = (served.find(group, kind) for group, kind in sorted(kinds))
    return [kind for kind in found if kind is not None and "list" in kind.verbs]


def _list_request(kind: ServedKind) -> ApiRequest:
    adds = additive_of(kind)
    return ApiRequest("GET", kind.list_path, {} if adds is None else adds.query, is_list=True)


def _kind_list(kind: ServedKind, answer: Answer) -> KindList:
    adds = additive_of(kind)
    if isinstance(answer, KubernetesError):
        return KindList(kind, adds, refusal=answer)
    return KindList(kind, adds, tuple(without_noise(kind, item) for item in answer["items"]))


def without_noise(kind: ServedKind, item: Mapping[str, Any]) -> dict[str, Any]:
    """Return an item of a list with its type, and without what is large and never compared.

    Lists leave out the type of their items. The status, `managedFields` and the data of Secrets and
    ConfigMaps are removed.
    """
    metadata = {k: v for k, v in (item.get("metadata") or {}).items() if k != "managedFields"}
    dropped: tuple[str, ...] = ("metadata", "status")
    if kind.kind in ("Secret", "ConfigMap"):
        dropped = (*dropped, "data", "binaryData", "stringData")
    content = {k: v for k, v in item.items() if k not in dropped}
    return {**content, "apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata}


def _list_pods(api: ClusterApi, kind: ServedKind) -> tuple[KindList, int]:
    """Read pods page by page: those of a large cluster at once would exceed the memory."""
    count = 0
    items_kept: list[Object] = []
    try:
        for page in api.pages(ApiRequest("GET", kind.list_path, is_list=True)):
            items = page["items"]
            count += len(items)
            items_kept += [
                without_noise(kind, item)
                for item in items
                if describe_node_access(item.get("spec") or {})
                or describe_debugging(item.get("spec") or {})
            ]
    except KubernetesError as refusal:
        return KindList(kind, additive_of(kind), refusal=refusal), 0
    return KindList(kind, additive_of(kind), tuple(items_kept)), count


def identify(api: ClusterApi, way: str) -> tuple[ClusterDocument, Served]:
    """Return the identity of the cluster and the kinds that it serves.

    Raises:
        DiagnosticError: Where no API server answers, and where the answer is not that of one.
    """
    asks = (
        ApiRequest("GET", "/version"),
        # The UID of kube-system identifies a cluster: the namespace is created with it and cannot
        # be deleted.
        ApiRequest("GET", _UID_PATH),
        # Aggregated discovery (KEP-3352) answers all groups in two requests instead of one for each
        # group version.
        ApiRequest("GET", "/api", accept=DISCOVERY),
        ApiRequest("GET", "/apis", accept=DISCOVERY),
    )
    bodies = []
    for ask, answer in zip(asks, api.ask(asks), strict=True):
        if isinstance(answer, KubernetesError):
            raise DiagnosticError(
                _describe_unidentified(answer, f"{api.server}{ask.path} by {way}")
            )
        bodies.append(answer)
    version, system, *discovered = bodies
    try:
        document = ClusterDocument(
            server=api.server,
            uid=str(system["metadata"]["uid"]),
            version=str(version["gitVersion"]),
            way=way,
        )
        return document, interpret(discovered)
    except (KeyError, TypeError, AttributeError) as failure:
        strange = KubernetesError(200, "NotAnObject", _NOT_AN_API_SERVER)
        raise DiagnosticError(describe_refusal(strange, f"{api.server} by {way}")) from failure


def _describe_unidentified(refusal: KubernetesError, what: str) -> Diagnostic:
    # A status means that a proxy or the API server answered, and refused the credential; none, that
    # no answer came.
    if refusal.is_unreachable and refusal.hint is None:
        refusal = replace(refusal, hint=SIGN_IN_HINT if refusal.status else OBSERVER_HINT)
    return describe_refusal(
        refusal,
        what,
        "`azsec roles ENV --for cluster-apply` (or cluster-observe, to read alone) writes the "
        "ClusterRole for it; who administers the cluster has to bind it.",
    )
