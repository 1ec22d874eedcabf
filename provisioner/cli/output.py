"""Output of documents: format, stream, colour and width."""

import os
import shutil
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from provisioner.engine.timings import measure_phase
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.model.provisioning import OPERATION_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from provisioner.documents.access import AccessDocument
    from provisioner.documents.adoption import AdoptionDocument
    from provisioner.documents.apply import ApplyDocument, Event
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
    from provisioner.documents.manifests import ManifestsDocument, PodChecksDocument
    from provisioner.documents.modules import LockUpdateDocument, ModulesDocument
    from provisioner.documents.network import NetworkDocument
    from provisioner.documents.plan import PlanDocument, StepDocument
    from provisioner.documents.plan_diff import PlanDiffDocument
    from provisioner.documents.roles import RolesDocument
    from provisioner.documents.trace import TraceDocument
    from provisioner.documents.upgrade import UpgradeDocument
    from provisioner.plan.provisioning_progress import InProgress
    from provisioner.reports.text import TextDocument


def print_plan(
    document: "PlanDocument", output: str, stream: TextIO | None = None, *, full: bool = False
) -> None:
    """Print a plan as text, JSON or Markdown; `full` lists every create of a large one."""
    document = document.model_copy(update={"lists_all": full})

    def render_markdown() -> str:
        from provisioner.reports.markdown import render_plan_markdown

        return render_plan_markdown(document)

    _print_document(document, output, stream or sys.stdout, render_markdown)


def print_saved_plan(document: "PlanDocument", output: str, *, full: bool = False) -> None:
    """Print a plan with the steps that apply sends, as text, JSON or Markdown."""
    from provisioner.reports.markdown import LIMIT, render_plan_markdown
    from provisioner.reports.steps_report import render_steps_markdown, render_steps_text
    from provisioner.reports.styled import write_lines
    from provisioner.reports.text import UNBOUNDED_WIDTH

    if output == "markdown":
        text = render_plan_markdown(document.model_copy(update={"lists_all": full}))
        sys.stdout.write(text + render_steps_markdown(document, LIMIT - len(text)))
        return
    print_plan(document, output, full=full)
    if output == "text":
        width = _width_of(sys.stdout) or UNBOUNDED_WIDTH
        lines = render_steps_text(document, width)
        write_lines(lines, sys.stdout, color=_has_color(sys.stdout))


def print_explanation(document: "ExplanationDocument", output: str) -> None:
    """Print why a resource changes, as text or JSON; as Markdown the text in a block of code."""
    from io import StringIO

    from provisioner.reports.text import UNBOUNDED_WIDTH, write_text

    def render_markdown() -> str:
        text = StringIO()
        write_text(document, text, color=False, width=UNBOUNDED_WIDTH)
        return f"~~~~~text\n{text.getvalue()}~~~~~\n"

    _print_document(document, output, sys.stdout, render_markdown)


def print_plan_diff(document: "PlanDiffDocument | CombinedPlanDiffDocument", output: str) -> None:
    """Print the differences of two plans as text, JSON or Markdown."""

    def render_markdown() -> str:
        from provisioner.documents.combined import CombinedPlanDiffDocument
        from provisioner.reports.combined_markdown import render_combined_diff_markdown
        from provisioner.reports.plan_diff_markdown import render_plan_diff_markdown

        if isinstance(document, CombinedPlanDiffDocument):
            return render_combined_diff_markdown(document)
        return render_plan_diff_markdown(document)

    _print_document(document, output, sys.stdout, render_markdown)


def print_drift(document: "DriftDocument", output: str) -> None:
    """Print a drift check as text, JSON or Markdown."""
    from provisioner.reports.markdown import render_drift_markdown

    _print_document(document, output, sys.stdout, lambda: render_drift_markdown(document))


def print_trace(document: "TraceDocument", output: str) -> None:
    """Print a trace as text, JSON or Markdown."""
    from provisioner.reports.trace_markdown import render_trace_markdown

    _print_document(document, output, sys.stdout, lambda: render_trace_markdown(document))


def print_check(document: "CheckDocument", output: str, *, show_all: bool) -> None:
    """Print a check as text, JSON, Markdown, SARIF or JUnit XML."""
    if output == "sarif":
        from provisioner import __version__
        from provisioner.reports.check_sarif import render_check_sarif

        sys.stdout.write(render_check_sarif(document, __version__))
        return
    if output == "junit":
        from provisioner.reports.check_junit import render_check_junit

        sys.stdout.write(render_check_junit(document))
        return
    from provisioner.reports.check_markdown import render_check_markdown

    shown = document if not show_all else document.model_copy(update={"lists_all": True})
    _print_document(shown, output, sys.stdout, lambda: render_check_markdown(document))


def print_compliance(document: "ComplianceDocument", output: str) -> None:
    """Print a compliance report as text, JSON or Markdown.

    Raises:
        DiagnosticError: Where the format is SARIF or JUnit.
    """
    from provisioner.reports.check_markdown import render_compliance_markdown

    if output in ("sarif", "junit"):
        message = "a compliance report is printed as text, JSON or Markdown."
        raise DiagnosticError(error("wrong-output", message, None, "Leave --framework out."))
    _print_document(document, output, sys.stdout, lambda: render_compliance_markdown(document))


def print_controls(document: "ControlsDocument", output: str) -> None:
    """Print controls as text, JSON or Markdown."""
    from provisioner.reports.controls_markdown import render_controls_markdown

    _print_document(document, output, sys.stdout, lambda: render_controls_markdown(document))


def print_roles(document: "RolesDocument", output: str) -> None:
    """Print roles as text, JSON or Markdown."""
    from provisioner.reports.roles_markdown import render_roles_markdown

    _print_document(document, output, sys.stdout, lambda: render_roles_markdown(document))


def print_access(document: "AccessDocument", output: str) -> None:
    """Print who has which access as text, JSON or Markdown."""
    from provisioner.reports.access_markdown import render_access_markdown

    _print_document(document, output, sys.stdout, lambda: render_access_markdown(document))


def print_manifests(document: "ManifestsDocument", output: str) -> None:
    """Print the objects of a cluster as YAML for kubectl, or JSON."""
    from provisioner.reports.json_text import render_json
    from provisioner.reports.manifests_yaml import render_manifests_yaml

    sys.stdout.write(render_json(document) if output == "json" else render_manifests_yaml(document))


def print_pod_checks(document: "PodChecksDocument", output: str) -> None:
    """Print the verdicts on pods as text or JSON."""
    _print_document(document, output, sys.stdout, lambda: "")


def print_cluster(
    document: "ClusterPlanDocument | ClusterApplyDocument | ClusterDriftDocument",
    output: str,
    stream: TextIO | None = None,
) -> None:
    """Print a plan, an apply or a drift check of a cluster's objects: text, JSON or Markdown."""
    from provisioner.reports.cluster_markdown import render_cluster_markdown

    _print_document(
        document, output, stream or sys.stdout, lambda: render_cluster_markdown(document)
    )


def print_upgrade(document: "UpgradeDocument", output: str) -> None:
    """Print the upgrades of clusters as text, JSON or Markdown."""
    from provisioner.reports.upgrade_markdown import render_upgrade_markdown

    _print_document(document, output, sys.stdout, lambda: render_upgrade_markdown(document))


def print_adoption(document: "AdoptionDocument", output: str) -> None:
    """Print an adoption as text, JSON or Markdown."""
    from provisioner.reports.adoption_markdown import render_adoption_markdown

    _print_document(document, output, sys.stdout, lambda: render_adoption_markdown(document))


def print_combined(
    document: "CombinedPlanDocument | CombinedApplyDocument",
    output: str,
    stream: TextIO | None = None,
) -> None:
    """Print a plan over Azure and the cluster, or an apply.

    A plan as text, JSON or Markdown, an apply as text or JSON.
    """

    def render_markdown() -> str:
        from provisioner.documents.combined import CombinedApplyDocument
        from provisioner.reports.combined_markdown import render_combined_plan_markdown

        if isinstance(document, CombinedApplyDocument):
            return _refuse_markdown()
        return render_combined_plan_markdown(document)

    _print_document(document, output, stream or sys.stdout, render_markdown)


def print_ci_plan(document: "CiPlanDocument", output: str) -> None:
    """Print the plans under review as text, JSON or the Markdown of the comment."""
    from provisioner.reports.ci_plan_markdown import render_ci_plan_comment
    from provisioner.reports.markdown import LIMIT

    _print_document(
        document, output, sys.stdout, lambda: render_ci_plan_comment(document, LIMIT, None)
    )


def print_ci_apply(document: "CiApplyDocument", output: str) -> None:
    """Print the results of a merge as text, JSON or the Markdown of the comment."""
    from provisioner.reports.ci_apply_markdown import render_ci_apply_comment
    from provisioner.reports.markdown import LIMIT

    _print_document(
        document, output, sys.stdout, lambda: render_ci_apply_comment(document, LIMIT, None)
    )


def print_ci_drift(document: "CiDriftDocument", output: str) -> None:
    """Print drift checks as text or JSON."""
    _print_document(document, output, sys.stdout, lambda: "")


def print_fleet(document: "FleetDocument", output: str) -> None:
    """Print a run over many environments as text, JSON or Markdown."""
    from provisioner.reports.fleet_markdown import render_fleet_markdown

    _print_document(document, output, sys.stdout, lambda: render_fleet_markdown(document))


def print_inventory(
    document: "OutputsDocument | ResourcesDocument | EvaluationsDocument", output: str
) -> None:
    """Print outputs, resources or values of expressions, as text or JSON."""
    _print_document(document, output, sys.stdout, str)


def print_network(document: "NetworkDocument", output: str) -> None:
    """Print address plans as text, JSON or Markdown."""
    from provisioner.reports.network_markdown import render_network_markdown

    _print_document(document, output, sys.stdout, lambda: render_network_markdown(document))


def print_apply(document: "ApplyDocument", output: str) -> None:
    """Print the results of an apply, as text or JSON."""
    _print_document(document, output, sys.stdout, _refuse_markdown)


def print_modules(document: "ModulesDocument", output: str) -> None:
    """Print blueprints and modules, as text or JSON."""
    _print_document(document, output, sys.stdout, str)


def print_lock_update(document: "LockUpdateDocument", output: str) -> None:
    """Print the changes of a lock of modules, as text or JSON."""
    _print_document(document, output, sys.stdout, str)


def _refuse_markdown() -> str:
    raise DiagnosticError(
        error("wrong-output", "an apply is printed as text or JSON.", None, "Use -o json.")
    )


def _print_document(
    document: "TextDocument",
    output: str,
    stream: TextIO,
    render_markdown: "Callable[[], str]",
) -> None:
    with measure_phase("output"):
        if output == "json":
            from provisioner.reports.json_text import render_json

            stream.write(render_json(document))
        elif output == "markdown":
            stream.write(render_markdown())
        else:
            from provisioner.reports.text import write_text

            write_text(document, stream, color=_has_color(stream), width=_width_of(stream))


def _width_of(stream: TextIO) -> int | None:
    """Return the number of columns of a stream; None where nothing states it.

    That of a terminal; for a file or a pipe the value of COLUMNS, as `ls` and `ps` read it.
    """
    is_stated = os.environ.get("COLUMNS", "").isdecimal()
    return shutil.get_terminal_size().columns if is_stated or stream.isatty() else None


def _has_color(stream: TextIO) -> bool:
    from provisioner.reports.color import wants_color

    return wants_color(os.environ, is_terminal=stream.isatty())


def open_waiting(*, quiet: bool) -> "Callable[[Sequence[InProgress], float], None]":
    """Return a callback that prints on stderr which resources an apply waits for.

    A line for each new state, and one each half a minute.
    """
    shown: dict[str, tuple[str, float]] = {}

    def show(entries: "Sequence[InProgress]", elapsed: float) -> None:
        for entry in entries:
            state, at = shown.get(entry.id.key, ("", 0.0))
            if quiet or (state == entry.state and elapsed - at < _REMINDER_SECONDS):
                continue
            shown[entry.id.key] = entry.state, elapsed
            sys.stderr.write(
                f"waiting for {entry.label}: {entry.state}, {elapsed:.0f} s of at most "
                f"{OPERATION_SECONDS / 60:.0f} min\n"
            )
            sys.stderr.flush()

    return show


_REMINDER_SECONDS = 30


@contextmanager
def open_progress(
    steps: "Sequence[StepDocument]", *, quiet: bool
) -> "Iterator[Callable[[Event], None]]":
    """Show the events of an apply on stderr: live on a terminal, as lines elsewhere."""
    if quiet:
        yield lambda _event: None
        return
    from provisioner.reports.progress import LiveProgress, PlainProgress

    kind = LiveProgress if sys.stderr.isatty() else PlainProgress
    with kind(tuple(steps), sys.stderr, time.monotonic) as progress:
        yield progress
