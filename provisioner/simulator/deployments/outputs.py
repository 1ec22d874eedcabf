"""The outputs of a deployment. Source: "Outputs in ARM templates"."""

from collections.abc import Mapping
from typing import Any

from provisioner.simulator.deployments.secrets import type_label
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.template_language.copies import run_loop
from provisioner.simulator.template_language.expressions import Functions, evaluate
from provisioner.simulator.template_language.parameter_types import (
    check_value,
    is_secure,
    resolve,
)
from provisioner.simulator.template_language.template_errors import (
    ExpressionError,
    TemplateError,
    Value,
)
from provisioner.simulator.template_language.templates import Template


def evaluate_outputs(template: Template, functions: Functions) -> dict[str, Value]:
    """Return the values of the outputs whose condition holds.

    Raises:
        OutputEvaluationError: an output cannot be evaluated, or has another type.
    """
    found: dict[str, Value] = {}
    for name, entry in template.outputs.items():
        path = ("outputs", name)
        try:
            if evaluate(entry.get("condition", True), functions, path) is False:
                continue
            if "copy" in entry:
                value: Value = run_loop(entry["copy"], functions, path)
            else:
                value = evaluate(entry.get("value"), functions, path)
            check_value(entry, value, template.definitions, f"the output '{name}'")
        except TemplateError as problem:
            raise OutputEvaluationError(name, problem.reason) from None
        except ExpressionError as problem:
            raise OutputEvaluationError(name, str(problem)) from None
        except RefusalError as problem:
            raise OutputEvaluationError(name, problem.message) from None
        found[name] = value
    return found


class OutputEvaluationError(RefusalError):
    """An output of a template that cannot be evaluated."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            400,
            "DeploymentOutputEvaluationFailed",
            f"Unable to evaluate template outputs: '{name}'. {reason}",
        )


def show_outputs(template: Template, values: Mapping[str, Value]) -> dict[str, Any]:
    """Return outputs as a deployment shows them: secret ones without their value."""
    shown: dict[str, Any] = {}
    for name, value in values.items():
        entry = template.outputs[name]
        shown[name] = {"type": type_label(str(resolve(entry, template.definitions).get("type")))}
        if not is_secure(entry, template.definitions):
            shown[name]["value"] = value
    return shown
