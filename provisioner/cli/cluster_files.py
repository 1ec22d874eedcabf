"""Reads the files of `azsec check --cluster`: dumps of a cluster, and an observation."""

from dataclasses import replace
from datetime import datetime

from provisioner.blueprint.kubernetes import ObservationSettings
from provisioner.cli.observation import is_observation, load_observation
from provisioner.cli.workspace import read_dump
from provisioner.manifests.cluster_dumps import path_of, read_dumps
from provisioner.model.cluster_contents import ClusterContents
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.workflow.cluster_observation import contents_of


def read_contents(
    files: list[str], settings: ObservationSettings, *, asked: bool
) -> ClusterContents | None:
    """Return what some files show of a cluster; None where nobody asks. `settings` say of which
    cluster an observation has to be, and how old it may be.

    Raises DiagnosticError for files without `--cluster`, for `--cluster` without files, and what
    `read_dumps` raises.
    """
    if asked != bool(files):
        what = "files are read with --cluster alone" if files else "there is no file of a cluster"
        raise DiagnosticError(
            error("which-cluster-files", f"{what}.", None, "azsec check ENV --cluster FILE...")
        )
    if not files:
        return None
    today = datetime.now().astimezone().date()
    texts = {argument: read_dump(path_of(argument)) for argument in files}
    observed = [argument for argument in files if is_observation(texts[argument])]
    dumps = {argument: text for argument, text in texts.items() if argument not in observed}
    if not observed:
        return read_dumps(dumps, today)
    if len(observed) > 1:
        message = f"{' and '.join(observed)} are observations, and one is read."
        raise DiagnosticError(error("which-cluster-files", message))
    (path,) = observed
    contents = contents_of(load_observation(path, settings), path)
    if not dumps:
        return contents
    read = read_dumps(dumps, today)
    return replace(
        contents,
        source=f"{contents.source}, {read.source}",
        lists={**read.lists, **contents.lists},
        benchmark=read.benchmark,
    )
