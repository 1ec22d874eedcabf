"""The permissions of a deployment's caller on the resources in it."""

from provisioner.simulator.authorization.permissions import check_authorized
from provisioner.simulator.authorization.required_permissions import RequiredPermission
from provisioner.simulator.deployments.prepared_deployment import PreparedDeployment
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.state.cloud import type_label


def check_permissions(prepared: PreparedDeployment) -> None:
    """Check that the caller may write every resource of a deployment.

    All of them are checked before the first write.

    Raises:
        RefusalError: 403 InvalidTemplateDeployment, with a message for each resource.
    """
    context = prepared.context
    refused: list[str] = []
    for instance in prepared.order:
        resource_type = context.cloud.catalog.of(instance.id)
        if not instance.is_written or resource_type is None:
            continue
        needed = RequiredPermission(
            f"{type_label(instance.id, resource_type)}/write", instance.id.text
        )
        try:
            check_authorized(context.cloud, context.request, (needed,))
        except RefusalError as refusal:
            refused.append(
                f"'Authorization failed for template resource '{instance.name}' of type "
                f"'{instance.type}'. {refusal.message}'"
            )
    if refused:
        raise RefusalError(
            403,
            "InvalidTemplateDeployment",
            f"Deployment failed with multiple errors: {'; '.join(refused)}",
        )
