"""The proof of an adoption: its files plan no change, after corrections that need no guess.

Where a file does not compose, or a resource would change, references are written out as plain
values; what still does not compose is taken out of the files. The changes that remain are reported.
Called by `workflow.adopt`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from provisioner.adoption.minimal_body import MinimalBody
from provisioner.adoption.pipeline import AdoptedResources, AdoptionTarget, Built, build
from provisioner.blueprint.memory_files import MemoryFiles
from provisioner.catalog.registry import Catalog
from provisioner.controls.gate import PROOFS_GATE
from provisioner.diff.change import FieldChange
from provisioner.documents.plan import Action
from provisioner.engine.ports import Source
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error
from provisioner.plan.changes import ResourceChange
from provisioner.plan.options import EVERY_ADDRESS
from provisioner.plan.request import Request
from provisioner.workflow.plan import Desired, Planned, load_desired, plan_environment
from provisioner.workflow.preflight import Preflight

_MOST_ATTEMPTS = 6
_MARK_PREFIX = "tags.azsec-"


@dataclass(frozen=True, slots=True)
class ProofInputs:
    """The inputs of a proof: azsec's own catalog, Azure, and the day."""

    catalog: Catalog
    source: Source
    today: date


@dataclass(frozen=True, slots=True)
class Proof:
    """The plan of some files; `left` are its changes beside marks."""

    desired: Desired
    planned: Planned
    left: tuple[ResourceChange, ...]


@dataclass(frozen=True, slots=True)
class ProvenFiles:
    """The files, their plan, and the resources that no file could state.

    Those have a reason each, by the key of the resource id. `diagnostics` are those of the
    plan's preflight and `asked` the number of its requests: a policy that denies the marks prevents
    every apply from writing them.
    """

    built: Built
    proof: Proof
    unfit: Mapping[str, str]
    diagnostics: tuple[Diagnostic, ...] = ()
    asked: int = 0


def make_files(
    material: AdoptedResources,
    minimal: Mapping[str, MinimalBody],
    target: AdoptionTarget,
    catalog: Catalog,
    inputs: ProofInputs,
) -> ProvenFiles:
    """Return files for the material that compose, and plan as few changes as possible.

    `catalog` has the types of the material. For the proof the types that the files name are read
    again from the catalog of `inputs`, as `azsec plan` reads them.

    Raises:
        DiagnosticError: Where the files do not compose for a reason that no single resource causes.
        AssertionError: Never: the last attempt returns or raises.
    """
    literal: set[str] = set()
    unfit: dict[str, str] = {}
    warns = False
    for attempt in range(_MOST_ATTEMPTS):
        bodies = {key: body for key, body in material.bodies.items() if key not in unfit}
        built = build(
            replace(material, bodies=bodies),
            minimal,
            target,
            catalog,
            literal=literal,
            warns_of_proofs=warns,
        )
        try:
            proof = prove(built, target, inputs)
        except DiagnosticError as problem:
            failing = _find_failing_resources(problem, built)
            if not failing or attempt == _MOST_ATTEMPTS - 1:
                raise
            unfit |= {key: why for key, why in failing.items() if key in literal}
            # First the references to a resource are written as plain values; only if it fails again
            # is it taken out.
            literal |= failing.keys()
            _check_any_left(material, unfit)
            continue
        fails = any(gate.gate == PROOFS_GATE for gate in proof.planned.plan.document.gates)
        differing = {change.id.key for change in proof.left} - literal
        # Files whose network proofs fail get a gate that warns: what exists is described, and is
        # not to be refused.
        if attempt == _MOST_ATTEMPTS - 1 or (not differing and (warns or not fails)):
            diagnostics, asked = _check_apply(proof, target, inputs)
            return ProvenFiles(built, proof, unfit, diagnostics, asked)
        literal |= differing
        warns = warns or fails
    raise AssertionError("the last attempt returns or raises")


def _check_any_left(material: AdoptedResources, unfit: Mapping[str, str]) -> None:
    """Check that the files state at least one of the resources that were found.

    Raises:
        DiagnosticError: Where no file can state any of them (`nothing-to-adopt`).
    """
    if material.owned_groups or not material.bodies.keys() <= unfit.keys():
        return
    raise DiagnosticError(
        *(
            error(
                "nothing-to-adopt",
                f"{material.ids[key]} cannot be adopted: {why}.",
                None,
                "Adopt the whole group: --resource-group SUBSCRIPTION/GROUP, without --template "
                "and --terraform.",
            )
            for key, why in sorted(unfit.items())
        )
    )


def _check_apply(
    proof: Proof, target: AdoptionTarget, inputs: ProofInputs
) -> tuple[tuple[Diagnostic, ...], int]:
    """Return the preflight of the apply that writes the marks, none for an observed environment."""
    if target.observe:
        return (), 0
    desired, planned = proof.desired, proof.planned
    return Preflight(inputs.source).check(
        planned.plan, desired.graph, planned.state, desired.catalog
    )


def prove(built: Built, target: AdoptionTarget, inputs: ProofInputs) -> Proof:
    """Compose files and plan them against Azure.

    Raises DiagnosticError for files that do not compose.
    """
    path = f"environments/{target.name}.yaml"
    desired = load_desired(path, inputs.catalog, MemoryFiles(built.written.files), inputs.today)
    # The proof permits every adoption: that the marks are missing is the one difference that is
    # meant.
    request = Request(path, adopt=() if target.observe else (EVERY_ADDRESS,))
    planned = plan_environment(desired, desired.catalog, inputs.source, request)
    left = tuple(change for change in planned.changes.resources if not _is_only_marked(change))
    return Proof(desired, planned, left)


def beside_marks(change: ResourceChange) -> tuple[FieldChange, ...]:
    """Return the fields of a change that are not marks of azsec."""
    return tuple(field for field in change.fields if not field.path.startswith(_MARK_PREFIX))


def _is_only_marked(change: ResourceChange) -> bool:
    """Return whether a plan only marks a resource."""
    permitted = (Action.NO_OP, Action.ADOPT, Action.UPDATE)
    return change.action in permitted and not beside_marks(change)


_STATEMENT = re.compile(r"  ([A-Za-z_]\w*):")


def _find_failing_resources(problem: DiagnosticError, built: Built) -> Mapping[str, str]:
    """Return the keys of the resources whose statements contain an error, with the error."""
    found: dict[str, str] = {}
    for diagnostic in problem.diagnostics:
        if diagnostic.span is None:
            continue
        name = _statement_at(
            built.written.files.get(diagnostic.span.file, ""), diagnostic.span.line
        )
        for key in built.written.statements.get((diagnostic.span.file, name), ()):
            found.setdefault(key, diagnostic.message.rstrip("."))
    return found


def _statement_at(text: str, number: int) -> str:
    """Return the name of the statement that contains a line."""
    lines: Sequence[str] = text.splitlines()[:number]
    match = next((m for line in reversed(lines) if (m := _STATEMENT.match(line))), None)
    return match[1] if match is not None else ""
