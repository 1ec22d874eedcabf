"""Types whose resources write other resources (deployments, deployment stacks and the like).

What such a resource creates, changes and deletes is in no blueprint: no plan shows it, no policy
gate sees it, it carries no marks, and a drift check does not find it. Only their names are known
here, because no type of the catalog is one of them.
"""

from collections.abc import Mapping
from types import MappingProxyType

INDIRECT_WRITERS: Mapping[str, str] = MappingProxyType(
    {
        name.lower(): writes
        for name, writes in (
            # "Deployments - Create Or Update": mode Complete deletes what the template lacks.
            # https://learn.microsoft.com/azure/azure-resource-manager/templates/deployment-modes
            ("Microsoft.Resources/deployments", "deploys the resources of a template"),
            # https://learn.microsoft.com/azure/azure-resource-manager/bicep/deployment-stacks
            ("Microsoft.Resources/deploymentStacks", "deploys the resources of a template"),
            # A script with the permissions of an identity, in a container.
            # https://learn.microsoft.com/azure/azure-resource-manager/bicep/deployment-script-bicep
            ("Microsoft.Resources/deploymentScripts", "runs a script that can write any resource"),
            # "Tags - Create Or Update At Scope" replaces all tags of the resource that it stands
            # on, the marks of azsec among them.
            # https://learn.microsoft.com/azure/templates/microsoft.resources/tags
            ("Microsoft.Resources/tags", "replaces all tags of the resource that it stands on"),
            # https://learn.microsoft.com/azure/governance/blueprints/overview
            ("Microsoft.Blueprint/blueprintAssignments", "deploys the resources of a blueprint"),
            # Deploys the template of a deployIfNotExists policy on what does not comply.
            # https://learn.microsoft.com/azure/governance/policy/how-to/remediate-resources
            ("Microsoft.PolicyInsights/remediations", "deploys the template of a policy"),
        )
    }
)
"""What a resource of each type does, by the type's name in lower case."""


def indirect_write(type_name: str) -> str | None:
    """Return what a resource of a type does to others ("deploys the resources of a template").

    None for a type that is not in `INDIRECT_WRITERS`; case is ignored.
    """
    return INDIRECT_WRITERS.get(type_name.lower())
