"""Reads the files of `azsec check --cluster`: dumps of a cluster, and an observation."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from provisioner.blueprint.kubernetes import ObservationSettings
from provisioner.cli.observation import (
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
    """What is known of a cluster: its contents, None where nothing is; or why the observation that
    the environment states is not used."""

    contents: ClusterContents | None
    unseen: UnreadableDocument | None = None

    def complete(self, document: Answer) -> Answer:
        """Return a document that says what was not seen of the cluster."""
        if self.unseen is None:
            return document
        return document.model_copy(update={"census": self._completed(document.census)})

    def _completed(self, census: CensusDocument) -> CensusDocument:
        unseen = () if self.unseen is None else (self.unseen,)
        return census.model_copy(update={"unreadable": (*census.unreadable, *unseen)})


def find_evidence(
    session: Session, environment: str, files: list[str], *, asked: bool, all_namespaces: bool
) -> ClusterEvidence:
    """Return what is known of an environment's cluster: from files with `--cluster`, else from the
    observation that the environment states. One that is old or altered leaves the controls unknown.

    Raises what `read_contents` raises.
    """
    desired = session.load(environment)
    settings = desired.environment.kubernetes.observation
    source = source_of(settings, desired.environment.path)
    if files or asked or source is None:
        found = read_contents(files, settings, asked=asked, all_namespaces=all_namespaces)
        return ClusterEvidence(found)
    try:
        observation = session.observe(desired.document, source, settings)
    except DiagnosticError as problem:
        said = problem.diagnostics[0].message
        return ClusterEvidence(None, UnreadableDocument(id=source, reason=said))
    return ClusterEvidence(contents_of(observation, source, verified=is_verified()))


def read_contents(
    files: list[str], settings: ObservationSettings, *, asked: bool, all_namespaces: bool
) -> ClusterContents | None:
    """Return what some files show of a cluster; None where nobody asks. `settings` say of which
    cluster an observation has to be, and how old it may be; `all_namespaces` that lists of kubectl
    are of all namespaces.

    Raises DiagnosticError for files without `--cluster`, for `--cluster` without files, and what
    `read_dumps` raises.
    """
    if asked != bool(files):
        hint = "Add --cluster." if files else "azsec check ENV --cluster FILE..."
        what = "files are read with --cluster only" if files else "--cluster needs a file"
        raise DiagnosticError(error("which-cluster-files", f"{what}.", None, hint))
    if not files:
        return None
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
    return replace(
        contents,
        source=f"{contents.source}, {read.source}",
        lists={**read.lists, **contents.lists},
        benchmark=read.benchmark,
        partial={kind: seen for kind, seen in read.partial.items() if kind not in contents.lists},
    )
