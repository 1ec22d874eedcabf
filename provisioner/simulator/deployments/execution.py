"""The execution of a deployment: resource by resource, each after its dependencies.

ARM answers a PUT at once and deploys afterwards; a failure leaves the rest as it is, and nothing is
undone. Here all of it is done within the request, and the operation ends when the longest chain of
dependent resources would have. Source: "Deployments" in the REST reference.
"""

from dataclasses import replace
from typing import Any

from provisioner.simulator.arm.deletion import check_unlocked
from provisioner.simulator.arm.offered_versions import check_offered
from provisioner.simulator.arm.operations import check_idle
from provisioner.simulator.arm.subscriptions import record_subscription
from provisioner.simulator.arm.writes import write_resource
from provisioner.simulator.deployments.complete_mode import delete_others
from provisioner.simulator.deployments.journal import Journal
from provisioner.simulator.deployments.outputs import evaluate_outputs, show_outputs
from provisioner.simulator.deployments.prepared_deployment import (
    PreparedDeployment,
    check_group,
    nested_context,
    prepare,
)
from provisioner.simulator.deployments.records import (
    DeploymentOutcome,
    Failure,
    Operation,
    record_deployment,
)
from provisioner.simulator.deployments.resource_functions import ResourceFunctions
from provisioner.simulator.policy.external_evaluation import operation_of
from provisioner.simulator.policy.restrictions import check_policies
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.existence import check_scope_exists
from provisioner.simulator.template_language.copies import evaluate_body, is_deployment
from provisioner.simulator.template_language.expressions import Functions, overlay
from provisioner.simulator.template_language.instances import ResourceInstance
from provisioner.simulator.template_language.template_errors import Value


class Execution:
    """Executes one deployment with the deployments nested in it."""

    def __init__(self, cloud: Cloud, journal: Journal) -> None:
        self._cloud = cloud
        self._journal = journal
        self._secrets: dict[str, dict[str, Value]] = {}

    def deploy(self, prepared: PreparedDeployment, begin: float = 0.0) -> DeploymentOutcome:
        """Write the resources of a template, and record the result.

        Resources that depend on a failed one are skipped; all others are written. `begin` is in
        seconds from the start of the outermost deployment.
        """
        functions = ResourceFunctions(prepared, self._secrets).bind()
        outcome = DeploymentOutcome(begin)
        ends: dict[str, float] = {}
        operations: list[Operation] = []
        for instance in prepared.order:
            waits = prepared.waits[instance.key]
            # Something that it depends on failed: the resource is skipped, and has no operation.
            if not all(on in ends for on in waits):
                continue
            start = max((ends[on] for on in waits), default=begin)
            if not instance.is_written:
                ends[instance.key] = start
                continue
            operation = self._deploy_resource(prepared, instance, functions, start, outcome)
            operations.append(operation)
            if operation.failure is None:
                ends[instance.key] = operation.end
            else:
                outcome.failures.append(operation.failure)
        outcome.end = max((operation.end for operation in operations), default=begin)
        if prepared.context.mode == "Complete" and not outcome.failures:
            operations += delete_others(self._cloud, prepared, self._journal, outcome)
        outputs = self._evaluate_outputs(prepared, functions, outcome)
        record_deployment(prepared, operations, outputs, outcome)
        self._journal.close()
        return outcome

    def _deploy_resource(
        self,
        prepared: PreparedDeployment,
        instance: ResourceInstance,
        functions: Functions,
        start: float,
        outcome: DeploymentOutcome,
    ) -> Operation:
        self._journal.begin(instance.id, "write")
        visible: Functions = overlay(functions, instance.functions)
        failure: Failure | None = None
        try:
            if is_deployment({"type": instance.type}):
                end, failure = self._deploy_nested(prepared, instance, visible, start, outcome)
            else:
                end = start + self._write_resource(prepared, instance, visible, outcome)
            self._journal.end()
        except RefusalError as refusal:
            self._journal.fail(refusal)
            end, failure = start, Failure.of(refusal, instance.id)
            if not is_deployment({"type": instance.type}):
                outcome.refused.append(instance.id)
        return Operation(instance.id, "Create", start, end, failure)

    def _write_resource(
        self,
        prepared: PreparedDeployment,
        instance: ResourceInstance,
        functions: Functions,
        outcome: DeploymentOutcome,
    ) -> float:
        """Write one resource and return the seconds that Azure takes for it."""
        cloud, resource = self._cloud, instance.id
        if resource.subscription is not None:
            record_subscription(cloud, resource.subscription)
        if instance.is_once and cloud.find(resource) is not None:
            return 0.0
        resource_type = cloud.type_of(resource)
        check_offered(cloud, resource_type, instance.api_version)
        body = evaluate_body(instance.content, functions, instance.path)
        outcome.bodies[resource.key] = (body, instance.api_version)
        check_scope_exists(cloud, resource_type, resource, writing=True)
        check_unlocked(cloud, resource, body, deleting=False)
        check_idle(cloud, resource_type, resource, body)
        request = replace(prepared.context.request, method="PUT", path=resource.text)
        check_policies(cloud, operation_of(request, resource, resource_type, body))
        write_resource(cloud, resource_type, cloud.canonical(resource), body, instance.api_version)
        outcome.written.append(cloud.canonical(resource))
        return float(resource_type.seconds)

    def _deploy_nested(
        self,
        prepared: PreparedDeployment,
        instance: ResourceInstance,
        functions: Functions,
        start: float,
        outcome: DeploymentOutcome,
    ) -> tuple[float, Failure | None]:
        inner = nested_context(prepared.context, instance, functions)
        check_group(inner)
        nested = self.deploy(prepare(inner), start)
        outcome.written += nested.written
        outcome.refused += nested.refused
        outcome.deleted += nested.deleted
        outcome.bodies |= nested.bodies
        if not nested.failures:
            return nested.end, None
        return nested.end, Failure.of_deployment(instance.id, nested.failures)

    def _evaluate_outputs(
        self, prepared: PreparedDeployment, functions: Functions, outcome: DeploymentOutcome
    ) -> dict[str, Any]:
        """Return the outputs; one that cannot be evaluated fails the deployment."""
        if outcome.failures:
            return {}
        try:
            values = evaluate_outputs(prepared.template, functions)
        except RefusalError as refusal:
            outcome.failures.append(Failure.of(refusal, prepared.context.id))
            return {}
        self._secrets[prepared.context.id.key] = values
        return show_outputs(prepared.template, values)
