"""The files of `azsec check --observation`: kubectl dumps of a cluster, and observations."""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from provisioner.blueprint.kubernetes import KubernetesSettings, ObservationSettings
from provisioner.cli.observation_source import (
    is_observation,
    is_verified,
    load_observation,
    read_file,
    source_of,
)
from provisioner.cli.session import Session
from provisioner.cli.workspace import read_dump
from provisioner.documents.census import CensusDocument, UnreadableDocument
from provisioner.documents.controls import CheckDocument, ComplianceDocument
from provisioner.manifests.cluster_dumps import path_of, read_dumps
from provisioner.model.cluster_contents import ClusterContents
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.workflow.cluster_observation import contents_of

Answer = TypeVar("Answer", CheckDocument, ComplianceDocument)


@dataclass(frozen=True, slots=True)
class ClusterEvidence:
    """The contents of a cluster, None where nothing is known.

    Or why the observation that the environment states is not used.
    """

    contents: ClusterContents | None
    unseen: UnreadableDocument | None = None

    def complete(self, document: Answer) -> Answer:
        """Return a document whose census lists what was not read of the cluster."""
        if self.unseen is None:
            return document
        return document.model_copy(update={"census": self._with_unseen(document.census)})

    def _with_unseen(self, census: CensusDocument) -> CensusDocument:
        unseen = () if self.unseen is None else (self.unseen,)
        return census.model_copy(update={"unreadable": (*census.unreadable, *unseen)})


def find_evidence(
    session: Session, environment: str, files: list[str], *, all_namespaces: bool
) -> ClusterEvidence:
    """Return what is known of an environment's cluster.

    From the files of `--observation`, otherwise from the observation that the environment states;
    where that is old or altered, the controls are unknown. Raises what `read_contents` raises.
    """
    desired = session.load(environment)
    kubernetes = desired.environment.kubernetes
    settings = kubernetes.observation
    source = source_of(settings, desired.environment.path)
    if files or source is None:
        found = read_contents(files, kubernetes, all_namespaces=all_namespaces)
        return ClusterEvidence(found)
    try:
        observation = session.observe(desired.document, source, settings)
    except DiagnosticError as problem:
        said = problem.diagnostics[0].message
        return ClusterEvidence(None, UnreadableDocument(id=source, reason=said))
    return ClusterEvidence(contents_of(observation, source, verified=is_verified()))


def _check_identity(contents: ClusterContents, kubernetes: KubernetesSettings) -> None:
    """Refuse contents of another cluster than the one whose UID the environment states.

    Contents without the UID of their cluster pass; the census reports that.

    Raises:
        DiagnosticError: Where the UIDs differ.
    """
    stated = {
        "kubernetes.observation.cluster": kubernetes.observation.cluster,
        "kubernetes.access.cluster": kubernetes.access.cluster if kubernetes.access else None,
    }
    for setting, uid in stated.items():
        if uid is not None and contents.uid not in (None, uid):
            raise DiagnosticError(
                error(
                    "observation-of-another",
                    f"{contents.source} is of the cluster {contents.uid}, and {setting} is {uid}.",
                    None,
                    "The UID is that of the namespace kube-system. Give files of the environment's "
                    "cluster.",
                )
            )


def read_contents(
    files: list[str], kubernetes: KubernetesSettings, *, all_namespaces: bool
) -> ClusterContents | None:
    """Return the contents of a cluster from files; None without files.

    `kubernetes` states the expected cluster, and how old an observation may be; `all_namespaces`
    that lists of kubectl are of all namespaces.

    Raises DiagnosticError for a folder without dumps, for lists of another cluster than an
    observation beside them or than the environment states, and what `read_dumps` and
    `load_observation` raise.
    """
    if not files:
        return None
    files = [path for given in files for path in _expand_folder(given)]
    found = _read_contents(files, kubernetes.observation, all_namespaces=all_namespaces)
    _check_identity(found, kubernetes)
    return found


def _expand_folder(given: str) -> list[str]:
    """Return the JSON files of a folder in the order of their names; anything else as it is.

    Raises:
        DiagnosticError: Where the folder has no JSON file.
    """
    folder = Path(given)
    if not folder.is_dir():
        return [given]
    found = sorted(path.as_posix() for path in folder.glob("*.json"))
    if not found:
        raise DiagnosticError(
            error(
                "which-cluster-files",
                f"--observation {given}: the folder has no *.json file.",
                None,
                "Write one with `kubectl get -A -o json` or `azsec cluster observe --out FILE`.",
            )
        )
    return found


def _read_contents(
    files: list[str], settings: ObservationSettings, *, all_namespaces: bool
) -> ClusterContents:
    today = datetime.now().astimezone().date()
    texts = {argument: read_dump(path_of(argument)) for argument in files}
    observed = [argument for argument in files if is_observation(texts[argument])]
    dumps = {argument: text for argument, text in texts.items() if argument not in observed}
    if not observed:
        return read_dumps(dumps, today, all_namespaces=all_namespaces)
    if len(observed) > 1:
        message = f"{' and '.join(observed)} are observations, and one is read."
        raise DiagnosticError(error("which-cluster-files", message))
    (path,) = observed
    observation = load_observation(read_file(path), path, settings)
    contents = contents_of(observation, path, verified=is_verified())
    if not dumps:
        return contents
    read = read_dumps(dumps, today, all_namespaces=all_namespaces)
    if read.uid not in (None, contents.uid):
        raise DiagnosticError(
            error(
                "two-clusters",
                f"{read.source} is of another cluster than {path}: the namespace kube-system has "
                f"the UID {read.uid}, and not {contents.uid}.",
                None,
                "Give the files of one cluster.",
            )
        )
    return replace(
        contents,
        # kubectl's output is not signed, and a list without kube-system shows no cluster's UID.
        verified=False,
        uid=read.uid,
        source=f"{contents.source}, {read.source}",
        lists={**read.lists, **contents.lists},
        benchmark=read.benchmark,
        partial={kind: seen for kind, seen in read.partial.items() if kind not in contents.lists},
    )
