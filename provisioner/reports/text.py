"""Renders documents as text, with or without colour.

`cli/output.py` calls it; each document type has a renderer of its own.
"""

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, TextIO, TypeAlias

from provisioner.reports.styled import Line, write_lines

if TYPE_CHECKING:
    from provisioner.documents.access import AccessDocument
    from provisioner.documents.adoption import AdoptionDocument
    from provisioner.documents.apply import ApplyDocument
    from provisioner.documents.ci import CiApplyDocument, CiDriftDocument, CiPlanDocument
    from provisioner.documents.cluster import (
        ClusterApplyDocument,
        ClusterDriftDocument,
        ClusterPlanDocument,
    )
    from provisioner.documents.combined import (
        CombinedApplyDocument,
        CombinedPlanDiffDocument,
        CombinedPlanDocument,
    )
    from provisioner.documents.controls import CheckDocument, ComplianceDocument, ControlsDocument
    from provisioner.documents.drift import DriftDocument
    from provisioner.documents.explanation import ExplanationDocument
    from provisioner.documents.fleet import FleetDocument
    from provisioner.documents.inventory import (
        EvaluationsDocument,
        OutputsDocument,
        ResourcesDocument,
    )
    from provisioner.documents.manifests import PodChecksDocument
    from provisioner.documents.modules import LockUpdateDocument, ModulesDocument
    from provisioner.documents.network import NetworkDocument
    from provisioner.documents.plan import PlanDocument
    from provisioner.documents.plan_diff import PlanDiffDocument
    from provisioner.documents.roles import RolesDocument
    from provisioner.documents.trace import TraceDocument
    from provisioner.documents.upgrade import UpgradeDocument

    TextDocument: TypeAlias = (
        PlanDocument
        | PlanDiffDocument
        | ExplanationDocument
        | DriftDocument
        | ApplyDocument
        | NetworkDocument
        | TraceDocument
        | RolesDocument
        | AccessDocument
        | AdoptionDocument
        | CheckDocument
        | ComplianceDocument
        | ControlsDocument
        | PodChecksDocument
        | ClusterPlanDocument
        | ClusterApplyDocument
        | ClusterDriftDocument
        | UpgradeDocument
        | CombinedPlanDocument
        | CombinedPlanDiffDocument
        | CombinedApplyDocument
        | CiPlanDocument
        | CiApplyDocument
        | CiDriftDocument
        | FleetDocument
        | ModulesDocument
        | LockUpdateDocument
        | OutputsDocument
        | ResourcesDocument
        | EvaluationsDocument
    )
    """The documents that can be rendered as text."""

UNBOUNDED_WIDTH = 120
"""The columns of the layout for a file or a pipe."""

_NARROWEST = 60


def write_text(
    document: "TextDocument",
    stream: TextIO,
    *,
    color: bool,
    width: int | None,
) -> None:
    """Write a document as text. `width` is in columns, None where there is no terminal.

    Without `color` only the text is written: no ANSI sequence.
    """
    columns = max(width or UNBOUNDED_WIDTH, _NARROWEST)
    render = renderer_of(type(document).__name__)
    write_lines(render(document, columns), stream, color=color)


def renderer_of(document: str) -> Callable[[Any, int], Iterable[Line]]:
    """Return what renders a document, given the name of its class. KeyError for any other name."""
    # A command renders one document, and to import the renderers of all takes 20 ms.
    module, name = RENDERERS[document]
    render: Callable[[Any, int], Iterable[Line]] = getattr(
        import_module(f"provisioner.reports.{module}"), name
    )
    return render


RENDERERS: Mapping[str, tuple[str, str]] = {
    "PlanDocument": ("plan_text", "render_plan_text"),
    "PlanDiffDocument": ("plan_diff_text", "render_plan_diff_text"),
    "ExplanationDocument": ("explanation_text", "render_explanation_text"),
    "DriftDocument": ("drift_text", "render_drift_text"),
    "ApplyDocument": ("apply_text", "render_apply_text"),
    "CheckDocument": ("check_text", "render_check_text"),
    "FleetDocument": ("fleet_text", "render_fleet_text"),
    "ComplianceDocument": ("check_text", "render_compliance_text"),
    "ControlsDocument": ("controls_text", "render_controls_text"),
    "NetworkDocument": ("network_text", "render_network_text"),
    "TraceDocument": ("trace_text", "render_trace_text"),
    "RolesDocument": ("roles_text", "render_roles_text"),
    "AccessDocument": ("access_text", "render_access_text"),
    "AdoptionDocument": ("adoption_text", "render_adoption_text"),
    "PodChecksDocument": ("pod_checks_text", "render_pod_checks_text"),
    "ClusterPlanDocument": ("cluster_text", "render_cluster_plan_text"),
    "ClusterApplyDocument": ("cluster_text", "render_cluster_apply_text"),
    "ClusterDriftDocument": ("cluster_text", "render_cluster_drift_text"),
    "UpgradeDocument": ("upgrade_text", "render_upgrade_text"),
    "CombinedPlanDocument": ("combined_text", "render_combined_plan_text"),
    "CombinedPlanDiffDocument": ("combined_text", "render_combined_diff_text"),
    "CombinedApplyDocument": ("combined_text", "render_combined_apply_text"),
    "CiPlanDocument": ("ci_text", "render_ci_plan_text"),
    "CiApplyDocument": ("ci_text", "render_ci_apply_text"),
    "CiDriftDocument": ("ci_text", "render_ci_drift_text"),
    "ModulesDocument": ("modules_text", "render_modules_text"),
    "LockUpdateDocument": ("modules_text", "render_lock_update_text"),
    "OutputsDocument": ("inventory_text", "render_outputs_text"),
    "ResourcesDocument": ("inventory_text", "render_resources_text"),
    "EvaluationsDocument": ("inventory_text", "render_evaluations_text"),
}
"""The module and the function that render a document, by the name of its class."""
