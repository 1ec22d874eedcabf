"""Reads the files of `azsec check --cluster`: dumps of what stands in a cluster."""

from datetime import datetime

from provisioner.cli.workspace import read_dump
from provisioner.manifests.cluster_dumps import path_of, read_dumps
from provisioner.model.cluster_contents import ClusterContents
from provisioner.model.diagnostic import DiagnosticError, error


def read_contents(files: list[str], *, asked: bool) -> ClusterContents | None:
    """Return what some files show of a cluster; None where nobody asks.

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
    return read_dumps({argument: read_dump(path_of(argument)) for argument in files}, today)
