"""Saved plans of all three kinds (of Azure, of a cluster, of both): read, show, compare."""

from provisioner.cli.combined_plan import read_saved
from provisioner.cli.output import (
    print_cluster,
    print_combined,
    print_plan_diff,
    print_saved_plan,
)
from provisioner.cli.session import CLUSTER_KIND, COMBINED_KIND, kind_of_plan_file, read_plan
from provisioner.cli.workspace import FileSources
from provisioner.documents.cluster import ClusterPlanDocument
from provisioner.documents.combined import CombinedPlanDiffDocument
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.plan.plan import Plan
from provisioner.plan.plan_comparison import compare_cluster_plans, compare_plans
from provisioner.workflow.cluster_plan_file import read_cluster_plan
from provisioner.workflow.combined_plan_file import SavedPlan

SavedAny = Plan | ClusterPlanDocument | SavedPlan


def read_any_plan(path: str) -> SavedAny:
    """Return the plan in a file, whichever kind it is of. Raises DiagnosticError."""
    kind = kind_of_plan_file(path)
    if kind == CLUSTER_KIND:
        return read_cluster_plan(FileSources().read_text(path), path)
    return read_saved(path) if kind == COMBINED_KIND else read_plan(path)


def print_plan_file(path: str, output: str, *, full: bool) -> None:
    """Print a saved plan as the command that made it printed it. Raises DiagnosticError."""
    saved = read_any_plan(path)
    if isinstance(saved, ClusterPlanDocument):
        print_cluster(saved, output)
    elif isinstance(saved, SavedPlan):
        azure = saved.document.azure.model_copy(update={"lists_all": full})
        print_combined(saved.document.model_copy(update={"azure": azure}), output)
    else:
        print_saved_plan(saved.document, output, full=full)


def print_difference(before: str, after: str, output: str) -> bool:
    """Print the differences of two saved plans of one kind; return whether they are the same.

    Raises DiagnosticError too where a plan cannot be read.

    Raises:
        DiagnosticError: Where the plans are of two kinds.
    """
    one, other = read_any_plan(before), read_any_plan(after)
    if isinstance(one, Plan) and isinstance(other, Plan):
        document = compare_plans(one, other)
    elif isinstance(one, ClusterPlanDocument) and isinstance(other, ClusterPlanDocument):
        document = compare_cluster_plans(one, other)
    elif isinstance(one, SavedPlan) and isinstance(other, SavedPlan):
        return _print_both(one, other, output)
    else:
        raise DiagnosticError(
            error(
                "plans-of-two-kinds",
                f"{before} is a plan of {_kind_of_plan(one)}, and {after} of "
                f"{_kind_of_plan(other)}.",
                None,
                "Compare two plans of one kind.",
            )
        )
    print_plan_diff(document, output)
    return document.same


def _print_both(before: SavedPlan, after: SavedPlan, output: str) -> bool:
    # A saved plan has both parts: a plan without the cluster's is never saved.
    one, other = before.document.cluster, after.document.cluster
    assert one is not None
    assert other is not None
    document = CombinedPlanDiffDocument(
        same=before.digest == after.digest,
        azure=compare_plans(before.azure, after.azure),
        cluster=compare_cluster_plans(one, other),
    )
    print_plan_diff(document, output)
    return document.same


def _kind_of_plan(saved: SavedAny) -> str:
    if isinstance(saved, Plan):
        return "Azure"
    return "a cluster" if isinstance(saved, ClusterPlanDocument) else "Azure and a cluster"
