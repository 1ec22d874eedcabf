"""`azsec export`: writes an environment as the files of another tool.

Called by `cli`.
"""

from collections.abc import Mapping
from enum import StrEnum

from provisioner.catalog.registry import Catalog
from provisioner.export.arm import arm_files
from provisioner.export.bicep import bicep_files
from provisioner.export.deployments import Source, export_deployments
from provisioner.workflow.plan import Desired


class ExportFormat(StrEnum):
    """The languages to which an environment is exported."""

    ARM = "arm"
    BICEP = "bicep"


def export_environment(desired: Desired, catalog: Catalog, form: ExportFormat) -> Mapping[str, str]:
    """Return the files that deploy the resources of an environment, by path.

    Raises DiagnosticError (`not-exportable`) with everything that the format cannot express.
    """
    environment = desired.environment
    source = Source(
        graph=desired.graph,
        catalog=catalog,
        environment=environment.name,
        blueprint=environment.blueprint,
        aliases={guid.lower(): alias for alias, guid in environment.subscriptions.items()},
    )
    export = export_deployments(source)
    return arm_files(export) if form is ExportFormat.ARM else bicep_files(export)
