"""Observations: signed records of a cluster's objects at a time, written and verified.

Who can reach a cluster writes one, who cannot reads it. It is worth as much as its signature: a
digest alone shows an accident, and anybody can make it anew. The signature is over the bytes that
are written, in a line before them, so that nothing of a forged one is decompressed or parsed.

Called by `workflow.cluster_observation`, `workflow.upgrade_objects` and the commands that read or
write observations.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError
from pydantic_core import to_json

from provisioner.cluster.objects import Object
from provisioner.documents.cluster import ClusterDocument
from provisioner.documents.observation import ObservationDocument, ObservedListDocument
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.model.malformed_object import describe_malformed

SHORTEST_KEY = 16
"""Characters of a key; shorter ones can be tried out."""

_OBSERVE_AGAIN = "Observe the cluster again: azsec cluster observe ENV."


def seal_observation(
    observed: datetime,
    cluster: ClusterDocument,
    lists: Iterable[ObservedListDocument],
    not_served: Iterable[str] | None = None,
) -> ObservationDocument:
    """Return an observation with its digest."""
    bare = ObservationDocument(
        observed=observed.isoformat(timespec="seconds"),
        cluster=cluster,
        lists=tuple(lists),
        not_served=None if not_served is None else tuple(not_served),
        digest="",
    )
    return bare.model_copy(update={"digest": _digest_content(bare.to_json())})


def sign_content(content: bytes, key: str | None) -> bytes:
    """Return the bytes to write of an observation.

    With a key, a line with the content's HMAC-SHA256 is before it.
    """
    return content if key is None else _signature(content, key) + b"\n" + content


def is_signed(content: bytes) -> bool:
    """Return whether content begins with the line of a signature, be it the right one or not."""
    return content.startswith(_SIGNED)


def verify_content(content: bytes, source: str, key: str | None) -> bytes:
    """Return content without the line of its signature.

    Without a key nothing is verified.

    Raises:
        DiagnosticError: Where there is a key, and the content is not signed with it.
    """
    stated, bare = b"", content
    if is_signed(content):
        stated, _, bare = content.partition(b"\n")
    # In constant time: a comparison that ends at the first difference would show how much of a
    # signature is right.
    if key is None or hmac.compare_digest(stated, _signature(bare, key)):
        return bare
    what = "was altered, or is signed with another key" if is_signed(content) else "is not signed"
    raise DiagnosticError(
        error(
            "observation-not-signed",
            f"{source} {what}.",
            None,
            "Give the observer and its readers one key: AZSEC_OBSERVATION_KEY. Observations of "
            "azsec before this version carry another signature: observe again.",
        )
    )


_SIGNED = b"azsec-observation hmac-sha256:"


def _signature(content: bytes, key: str) -> bytes:
    return _SIGNED + hmac.new(key.encode(), content, hashlib.sha256).hexdigest().encode()


def read_observation(text: str, source: str) -> ObservationDocument:
    """Return the observation in a text; `source` names it in errors.

    Raises:
        DiagnosticError: Where the text is no observation, does not have its digest, or has an item
            that is no object of its list's kind.
    """
    try:
        content = json.loads(text)
        observation = ObservationDocument.model_validate(content)
        taken_at(observation)
    # The file comes from outside, and may be nested deeper than the parser's stack (ADR 0018).
    except (ValueError, ValidationError, RecursionError) as failure:
        raise DiagnosticError(
            error(
                "no-observation",
                f"{source} is not an observation of a cluster.",
                None,
                _OBSERVE_AGAIN,
            )
        ) from failure
    if _digest_content(content) != observation.digest:
        raise DiagnosticError(
            error(
                "observation-altered",
                f"{source} was altered after it was written.",
                None,
                _OBSERVE_AGAIN,
            )
        )
    malformed = next(_describe_malformed_items(observation), None)
    if malformed is not None:
        raise DiagnosticError(
            error("no-observation", f"{source} is malformed: {malformed}.", None, _OBSERVE_AGAIN)
        )
    return observation


def _describe_malformed_items(observation: ObservationDocument) -> Iterator[str]:
    """Yield, list by list, which item is no object of the list's kind, and why."""
    for each in observation.lists:
        found = describe_malformed(each.items)
        if found is not None:
            yield f"in the list of {each.resource}, {found}"
        for number, item in enumerate(each.items):
            if (item.get("apiVersion"), item.get("kind")) != (each.api_version, each.kind):
                yield (
                    f"in the list of {each.resource}, items[{number}] is no "
                    f"{each.kind} of {each.api_version}"
                )


def check_observation(
    observation: ObservationDocument, source: str, uid: str | None, age: timedelta, now: datetime
) -> None:
    """Check that an observation is of a cluster, by UID, and recent enough.

    Raises:
        DiagnosticError: Where it is of another cluster, older than `age`, or from the future.
    """
    if uid is not None and observation.cluster.uid != uid:
        raise DiagnosticError(
            error(
                "observation-of-another",
                f"{source} is of the cluster {observation.cluster.uid} "
                f"({observation.cluster.server}), and expected was {uid}.",
                None,
                "The UID is that of the namespace kube-system.",
            )
        )
    seen = now - taken_at(observation)
    # The clocks of the observer and of its readers may differ by a few minutes.
    if seen > age or seen < -timedelta(minutes=5):
        raise DiagnosticError(
            error(
                "observation-old",
                f"{source} was made {describe_age(seen)}, and the most is "
                f"{describe_age(age).removesuffix(' ago')}.",
                None,
                _OBSERVE_AGAIN,
            )
        )


def taken_at(observation: ObservationDocument) -> datetime:
    """Return when an observation was made.

    Raises:
        ValueError: Where it states no time with a zone.
    """
    at = datetime.fromisoformat(observation.observed)
    if at.tzinfo is None:
        raise ValueError(observation.observed)
    return at


def describe_age(age: timedelta) -> str:
    """Return how long ago something was: 2 h ago, 3 d ago; one that is to come is in the future."""
    minutes = int(age.total_seconds() // 60)
    if minutes < 0:
        return "in the future"
    if minutes < 120:
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago" if minutes < 48 * 60 else f"{minutes // 1440} d ago"


def fold_pods(pods: Iterable[Object]) -> list[dict[str, Any]]:
    """Return pods of which those of one owner that are alike are one: so a large cluster fits."""
    found: dict[bytes, dict[str, Any]] = {}
    for pod in pods:
        slim = _without_pod_specifics(pod)
        owners = slim["metadata"].get("ownerReferences") or [slim["metadata"]["name"]]
        alike = [_shared_entries(slim["metadata"].get(name)) for name in ("labels", "annotations")]
        space = slim["metadata"].get("namespace")
        content = [space, owners, *alike, slim["spec"], slim.get("status")]
        # One API server writes the keys of all pods in one order: to sort them finds no more pods
        # that are alike, and takes twice the time.
        found.setdefault(hashlib.sha256(to_json(content)).digest(), slim)
    return list(found.values())


_OF_ONE_POD = (
    "apps.kubernetes.io/pod-index", "batch.kubernetes.io/job-completion-index",
    "statefulset.kubernetes.io/pod-name", "pod-template-hash", "controller-revision-hash",
    "cni.projectcalico.org/", "k8s.v1.cni.cncf.io/", "kubernetes.io/config.hash",
    "kubernetes.io/config.seen",
)  # fmt: skip
"""Labels and annotations, or what they begin with, that differ among the pods of an owner:
controllers, the kubelet and network plug-ins write them (kubernetes.io, "Well-Known Labels,
Annotations and Taints"). Any other one selects, exempts or configures a pod, and tells it apart."""


def _shared_entries(stated: Mapping[str, str] | None) -> dict[str, str]:
    return {k: v for k, v in (stated or {}).items() if not k.startswith(_OF_ONE_POD)}


def _without_pod_specifics(pod: Object) -> dict[str, Any]:
    """Return a pod without what differs from one to the next of the same owner."""
    spec = {k: v for k, v in pod["spec"].items() if k not in ("nodeName", "hostname")}
    if spec.get("affinity"):
        spec["affinity"] = _without_node(spec["affinity"])
    spec = _with_token_renamed(spec)
    # The UID is that of one of the pods: it is not part of what is compared to find equal ones.
    kept = ("name", "namespace", "labels", "annotations", "ownerReferences", "uid")
    metadata = {k: v for k, v in pod["metadata"].items() if k in kept}
    return {**pod, "metadata": metadata, "spec": spec}


_NODE_NAME = [{"key": "metadata.name", "operator": "In"}]


def _without_node(affinity: Object) -> dict[str, Any]:
    """Return an affinity without the name of a node.

    The controller of DaemonSets writes it into that of each pod (kubernetes.io, "DaemonSet", how
    Daemon Pods are scheduled).
    """
    node = affinity.get("nodeAffinity") or {}
    required = node.get(_REQUIRED) or {}
    terms = [
        {k: v for k, v in term.items() if k != "matchFields" or not _is_node_name(v)}
        for term in required.get("nodeSelectorTerms") or ()
    ]
    if not terms:
        return dict(affinity)
    stated = {**required, "nodeSelectorTerms": terms}
    return {**affinity, "nodeAffinity": {**node, _REQUIRED: stated}}


_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def _is_node_name(fields: Any) -> bool:  # noqa: ANN401  JSON
    return [{k: v for k, v in each.items() if k != "values"} for each in fields] == _NODE_NAME


_TOKEN = re.compile(r"kube-api-access-[a-z0-9]{5}")
_SAME_TOKEN = "kube-api-access-azsec"


def _with_token_renamed(spec: dict[str, Any]) -> dict[str, Any]:
    """Return a spec in which the volume of the token has one name in all pods.

    The API server makes one up for each (kube-api-access-x7k2p). It is renamed and not left out:
    anybody can call a volume so, also one of a folder of the node.
    """
    named = [str(each.get("name")) for each in spec.get("volumes") or ()]
    tokens = [name for name in named if _TOKEN.fullmatch(name)]
    if len(tokens) != 1:
        return spec
    made = dict(spec)
    made["volumes"] = [_with_same_token(each, tokens[0]) for each in spec["volumes"]]
    for part in ("containers", "initContainers", "ephemeralContainers"):
        if spec.get(part):
            made[part] = [
                {
                    **each,
                    "volumeMounts": [_with_same_token(m, tokens[0]) for m in each["volumeMounts"]],
                }
                if each.get("volumeMounts")
                else each
                for each in spec[part]
            ]
    return made


def _with_same_token(named: Object, token: str) -> dict[str, Any]:
    return {**named, "name": _SAME_TOKEN} if named.get("name") == token else dict(named)


def _digest_content(content: dict[str, Any]) -> str:
    bare = {k: v for k, v in content.items() if k != "digest"}
    text = json.dumps(bare, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
