"""The plan: the document that is reviewed, the steps that apply carries out, and their digest.

Apply derives the plan again from its request and compares the digests (`plan_verification`): the
steps of a file are never sent.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from provisioner.documents.census import CensusDocument
from provisioner.documents.document import DiagnosticDocument
from provisioner.documents.plan import InProgressDocument, PlanDocument
from provisioner.model.diagnostic import Diagnostic, Severity
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Bound, Json, ResourceValue, Unknown, Value
from provisioner.plan.request import Request, request_to_json
from provisioner.plan.steps import Step

ADOPTION_GATE = "adoption"
"""The gate that refuses the adoption of existing resources without permission."""


@dataclass(frozen=True, slots=True)
class Observed:
    """The state of a resource that the plan writes or reads a value from, as it was read.

    `body` is the live body without what Azure computes; None for one that was absent. `touched`
    tells the resources that the plan writes.
    """

    address: str
    id: ResourceId
    type: str
    api_version: str
    body: Mapping[str, Value] | None
    touched: bool


@dataclass(frozen=True, slots=True)
class Input:
    """A value that the plan read from Azure and wrote into a body (a firewall's address)."""

    source: Unknown
    value: Json


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan. `document` is what a reviewer sees; `steps` is all that apply does.

    `request` is what was asked for, so that apply derives the plan again. `digests` name what went
    in: environment, blueprint, catalog and state.
    """

    document: PlanDocument
    steps: tuple[Step, ...]
    observed: tuple[Observed, ...]
    inputs: tuple[Input, ...]
    outputs: Mapping[str, Value]
    digests: Mapping[str, str]
    request: Request

    def can_apply(self) -> bool:
        """Return whether the plan may be applied: nothing blocked, and no error in it."""
        has_error = any(d.severity is Severity.ERROR for d in self.document.diagnostics)
        return not has_error and self.document.summary.blocked == 0

    @property
    def adopts_unasked(self) -> bool:
        """Whether the plan would adopt what exists without permission to do so."""
        return any(gate.gate == ADOPTION_GATE for gate in self.document.gates)

    @property
    def is_destructive(self) -> bool:
        """Whether the plan deletes or replaces anything."""
        return any(step.verb == "DELETE" for step in self.steps)


PLAN_FILE_VERSION = "5"
"""The version of the plan file's shape. 1 had no request, and so could not be derived again, 3 no
parameters of requests, and 4 did not say which changes give access."""


def with_digest(plan: Plan) -> Plan:
    """Return the plan with the digest of its content in its document."""
    return replace(plan, document=plan.document.model_copy(update={"digest": digest_of(plan)}))


def with_diagnostics(plan: Plan, diagnostics: Iterable[Diagnostic]) -> Plan:
    """Return the plan with more diagnostics. They are no part of its digest."""
    told = tuple(DiagnosticDocument.of(diagnostic) for diagnostic in diagnostics)
    document = plan.document.model_copy(update={"diagnostics": plan.document.diagnostics + told})
    return replace(plan, document=document)


def with_in_progress(plan: Plan, entries: tuple[InProgressDocument, ...]) -> Plan:
    """Return the plan with the resources still in transition, which are no part of its digest."""
    return replace(plan, document=plan.document.model_copy(update={"in_progress": entries}))


def with_census(plan: Plan, census: CensusDocument) -> Plan:
    """Return the plan with the scope that was read for it, which is no part of its digest."""
    return replace(plan, document=plan.document.model_copy(update={"census": census}))


def digest_of(plan: Plan) -> str:
    """Return `sha256:…` over the content of a plan: equal for equal files and equal live state.

    Left out is what is said beside it, and comes and goes while the plan stays the same: the
    preflight's answers, what is in progress, what azsec does not touch, what was looked at.
    """
    content = content_of(plan)
    # A value is what it is, whether an option or a variable gave it.
    for given in content["request"].get("parameters", {}).values():
        del given["givenBy"]
    for name in BESIDE:
        content["plan"].pop(name, None)
    return digest_json(content)


BESIDE = (
    "diagnostics",
    "inProgress",
    "undeclared",
    "tags",
    "ignored",
    "additions",
    "accepted",
    "unmanaged",
    "census",
    "cluster",
)
"""The parts of a plan's document that its digest leaves out, as JSON names them."""


def content_of(plan: Plan) -> dict[str, Any]:
    """Return the content of a plan as JSON: the parts that an approval covers, by name."""
    content = _file_content(plan)
    del content["digest"], content["digests"]
    del content["plan"]["digest"]
    # Resources that are as declared are counted, and nothing is done to them.
    content["plan"]["summary"].pop("unchanged")
    return content


def digest_json(value: object) -> str:
    """Return `sha256:…` of the canonical JSON of a value."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def plan_to_json(plan: Plan) -> dict[str, Any]:
    """Return the content of a plan file.

    `checksum` is over all of it, so that a file that was damaged or edited is known. Anybody can
    compute it: what keeps a forged file from being applied is that apply derives the plan again.
    """
    content = _file_content(plan)
    return {**content, "checksum": digest_json(content)}


def _file_content(plan: Plan) -> dict[str, Any]:
    return {
        "kind": "azsec/plan-file",
        "formatVersion": PLAN_FILE_VERSION,
        "digest": plan.document.digest,
        "digests": dict(plan.digests),
        "request": request_to_json(plan.request),
        "plan": plan.document.to_json(),
        "steps": [step_to_json(step) for step in plan.steps],
        "observed": [_observed_to_json(entry) for entry in plan.observed],
        "inputs": [
            {"source": encode_value(entry.source), "value": entry.value} for entry in plan.inputs
        ],
        "outputs": encode_value(plan.outputs),
    }


def step_to_json(step: Step) -> dict[str, Any]:
    """Return a step as it stands in a plan file."""
    return {
        "key": step.key,
        "verb": step.verb,
        "address": step.address,
        "id": step.id.text,
        "type": step.type,
        "apiVersion": step.api_version,
        "body": encode_value(step.body),
        "guarded": step.guarded,
        "lock": step.lock,
        "seconds": step.seconds,
        "after": list(step.after),
        "mark": step.mark,
        "inside": list(step.inside),
        "createGuard": step.create_guard.value if step.create_guard else None,
        "carried": [
            {"id": mark.resource.text, "carrier": mark.carrier.text, "mark": mark.text}
            for mark in step.carried
        ],
        "query": dict(step.query),
    }


def _observed_to_json(entry: Observed) -> dict[str, Any]:
    return {
        "address": entry.address,
        "id": entry.id.text,
        "type": entry.type,
        "apiVersion": entry.api_version,
        "body": encode_value(entry.body),
        "touched": entry.touched,
    }


def encode_value(value: Bound) -> Any:  # noqa: ANN401
    """Return a value as JSON; an Unknown becomes an object with the key `$unknown`."""
    # Texts and dicts come first: the test of an abstract class takes ten times as long.
    if isinstance(value, str):
        return value
    if isinstance(value, Unknown):
        where = {name: encode_value(bound) for name, bound in sorted(value.where.items())}
        return {
            "$unknown": {"expression": value.expression, "where": where, "paths": list(value.paths)}
        }
    if isinstance(value, ResourceValue):
        return {"$resource": value.address}
    if isinstance(value, (dict, Mapping)):
        return {key: encode_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [encode_value(item) for item in value]
    return value


def decode_value(value: Any) -> Any:  # noqa: ANN401
    """Return what `encode_value` was given. Raises KeyError or TypeError for anything else."""
    if isinstance(value, Mapping):
        if set(value) == {"$unknown"}:
            inner = value["$unknown"]
            where = {name: decode_value(bound) for name, bound in inner["where"].items()}
            return Unknown(str(inner["expression"]), where, tuple(inner["paths"]))
        if set(value) == {"$resource"}:
            return ResourceValue(str(value["$resource"]))
        return {key: decode_value(item) for key, item in value.items()}
    if isinstance(value, list):
        return [decode_value(item) for item in value]
    return value
