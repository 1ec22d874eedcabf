"""Renders documents as text, with or without colour.

`cli/output.py` calls it; each document type has a renderer of its own.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TextIO, TypeAlias

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
from provisioner.reports.access_text import render_access_text
from provisioner.reports.adoption_text import render_adoption_text
from provisioner.reports.apply_text import render_apply_text
from provisioner.reports.check_text import render_check_text, render_compliance_text
from provisioner.reports.ci_text import (
    render_ci_apply_text,
    render_ci_drift_text,
    render_ci_plan_text,
)
from provisioner.reports.cluster_text import (
    render_cluster_apply_text,
    render_cluster_drift_text,
    render_cluster_plan_text,
)
from provisioner.reports.combined_text import (
    render_combined_apply_text,
    render_combined_diff_text,
    render_combined_plan_text,
)
from provisioner.reports.controls_text import render_controls_text
from provisioner.reports.drift_text import render_drift_text
from provisioner.reports.explanation_text import render_explanation_text
from provisioner.reports.fleet_text import render_fleet_text
from provisioner.reports.inventory_text import (
    render_evaluations_text,
    render_outputs_text,
    render_resources_text,
)
from provisioner.reports.modules_text import render_lock_update_text, render_modules_text
from provisioner.reports.network_text import render_network_text
from provisioner.reports.plan_diff_text import render_plan_diff_text
from provisioner.reports.plan_text import render_plan_text
from provisioner.reports.pod_checks_text import render_pod_checks_text
from provisioner.reports.roles_text import render_roles_text
from provisioner.reports.styled import Line, write_lines
from provisioner.reports.trace_text import render_trace_text
from provisioner.reports.upgrade_text import render_upgrade_text

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
    document: TextDocument,
    stream: TextIO,
    *,
    color: bool,
    width: int | None,
) -> None:
    """Write a document as text. `width` is in columns, None where there is no terminal.

    Without `color` only the text is written: no ANSI sequence.
    """
    columns = max(width or UNBOUNDED_WIDTH, _NARROWEST)
    render = _RENDERERS[type(document)]
    write_lines(render(document, columns), stream, color=color)


_RENDERERS: Mapping[type[TextDocument], Callable[[Any, int], Iterable[Line]]] = {
    PlanDocument: render_plan_text,
    PlanDiffDocument: render_plan_diff_text,
    ExplanationDocument: render_explanation_text,
    DriftDocument: render_drift_text,
    ApplyDocument: render_apply_text,
    CheckDocument: render_check_text,
    FleetDocument: render_fleet_text,
    ComplianceDocument: render_compliance_text,
    ControlsDocument: render_controls_text,
    NetworkDocument: render_network_text,
    TraceDocument: render_trace_text,
    RolesDocument: render_roles_text,
    AccessDocument: render_access_text,
    AdoptionDocument: render_adoption_text,
    PodChecksDocument: render_pod_checks_text,
    ClusterPlanDocument: render_cluster_plan_text,
    ClusterApplyDocument: render_cluster_apply_text,
    ClusterDriftDocument: render_cluster_drift_text,
    UpgradeDocument: render_upgrade_text,
    CombinedPlanDocument: render_combined_plan_text,
    CombinedPlanDiffDocument: render_combined_diff_text,
    CombinedApplyDocument: render_combined_apply_text,
    CiPlanDocument: render_ci_plan_text,
    CiApplyDocument: render_ci_apply_text,
    CiDriftDocument: render_ci_drift_text,
    ModulesDocument: render_modules_text,
    LockUpdateDocument: render_lock_update_text,
    OutputsDocument: render_outputs_text,
    ResourcesDocument: render_resources_text,
    EvaluationsDocument: render_evaluations_text,
}
