"""`azsec manifests`: the objects rendered for a cluster, and whether it would admit given pods.

Called by `cli`; Azure is read only for a state that needs it.
"""

from collections.abc import Callable, Mapping

from provisioner.blueprint.yaml_source import parse_documents
from provisioner.catalog.registry import Catalog
from provisioner.documents.document import DiagnosticDocument
from provisioner.documents.manifests import (
    JudgedPodDocument,
    ManifestDocument,
    ManifestsDocument,
    PodChecksDocument,
    VerdictDocument,
)
from provisioner.documents.trace import StateKind
from provisioner.engine.ports import Reader
from provisioner.manifests.cluster_facts import ClusterFacts, read_cluster
from provisioner.manifests.pod_evaluation import JudgedPod, judge_pods
from provisioner.manifests.pods import find_pods
from provisioner.manifests.rendering import ClusterObjects, render_cluster
from provisioner.manifests.workload_objects import find_flaws
from provisioner.model.diagnostic import Diagnostic, error
from provisioner.model.span import Span
from provisioner.workflow.plan import Desired
from provisioner.workflow.trace import estate_in


def find_objects(
    desired: Desired, catalog: Catalog, connect: Callable[[], Reader], state: StateKind
) -> ClusterObjects:
    """Return the objects of an environment's cluster, which is read in one of its states.

    `connect` returns the reader of Azure, and is called only for a state that needs it. Raises
    DiagnosticError for objects that the cluster cannot have.
    """
    environment = desired.environment
    estate = estate_in(state, desired, catalog, connect)
    facts = read_cluster(estate, environment.cloud_names, environment.tenant_id)
    return render_cluster(environment.kubernetes, facts, environment.node.find(("kubernetes",)))


def describe_manifests(desired: Desired, objects: ClusterObjects) -> ManifestsDocument:
    """Return the document of a cluster's objects."""
    return ManifestsDocument(
        environment=desired.document,
        kubernetes_version=_version_text(objects.facts),
        manifests=tuple(
            ManifestDocument(
                controls=manifest.controls,
                reason=manifest.reason,
                namespace=manifest.namespace,
                body=dict(manifest.body),
            )
            for manifest in objects.manifests
        ),
        diagnostics=tuple(DiagnosticDocument.of(diagnostic) for diagnostic in objects.diagnostics),
    )


def check_pods(
    desired: Desired,
    objects: ClusterObjects,
    files: Mapping[str, str],
    default_namespace: str | None,
) -> PodChecksDocument:
    """Return the verdicts on the pods of some files, given as texts by their paths.

    Raises DiagnosticError for a file that is not YAML, and for a namespace that does not exist.
    """
    read = {path: parse_documents(text, path) for path, text in files.items()}
    documents = [document for each in read.values() for document in each]
    empty = [_empty_file(path) for path, each in read.items() if not each]
    found = [tuple(find_pods(document)) for document in documents]
    pods = tuple(pod for those in found for pod in those)
    return PodChecksDocument(
        environment=desired.document,
        kubernetes_version=_version_text(objects.facts),
        pods=tuple(map(_judged_document, judge_pods(pods, objects, default_namespace))),
        skipped=sum(not those for those in found),
        diagnostics=tuple(
            DiagnosticDocument.of(flaw)
            for flaw in (
                *empty,
                *(
                    flaw
                    for each in documents
                    for flaw in find_flaws(each, objects.facts.version[1])
                ),
            )
        ),
    )


def _empty_file(path: str) -> Diagnostic:
    """Return the error for a file without an object.

    The program that should have written it wrote nothing, and "no pod was refused" would be no
    verdict.
    """
    return error(
        "empty-file",
        "there is no object to check.",
        Span(path, 1, 1),
        "Give a file with objects of Kubernetes, or - for those on standard input.",
    )


def _version_text(facts: ClusterFacts) -> str:
    return ".".join(map(str, facts.version))


def _judged_document(judged: JudgedPod) -> JudgedPodDocument:
    return JudgedPodDocument(
        kind=judged.pod.kind,
        name=judged.pod.name,
        namespace=judged.namespace,
        level=judged.level,
        place=str(judged.pod.node.span),
        verdicts=tuple(
            VerdictDocument(
                rule=verdict.rule,
                controls=verdict.controls,
                message=verdict.message,
                field=verdict.field,
                place=str(verdict.span),
                enforced=verdict.enforced,
            )
            for verdict in judged.verdicts
        ),
    )
