"""The options that `azsec plan`, `apply` and `destroy` share."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from provisioner.cli.combined_plan import ClusterOptions


TargetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--target",
        metavar="ADDRESS",
        help="Limit the plan to this address and its dependencies. Repeatable.",
        show_default=False,
    ),
]
ResetDefaultsOption = Annotated[
    bool,
    typer.Option(
        "--reset-defaults",
        help="Reset properties to their defaults where the blueprint does not set them.",
    ),
]
AdoptOption = Annotated[
    list[str] | None,
    typer.Option(
        "--adopt",
        metavar="ADDRESS",
        help="Permit adoption of the existing resource at this address, which has no ownership "
        "mark; a module's address covers all its resources, * all resources. Repeatable.",
        show_default=False,
    ),
]
WithClusterOption = Annotated[
    bool,
    typer.Option(
        "--with-cluster",
        help="Include the objects of the cluster (`azsec cluster`): one plan with one digest, "
        "applied after Azure.",
    ),
]
NO_API_SERVER = "without --with-cluster no API server is contacted"
WHOLE_PLAN_ONLY = "Azure and the cluster are planned as a whole"


def cluster_options(
    kubeconfig: str | None, context: str | None, *, force_conflicts: bool
) -> "ClusterOptions":
    """Return the options of a plan with the objects of the cluster."""
    from provisioner.cli.cluster_access import ApiServerAccess
    from provisioner.cli.combined_plan import ClusterOptions

    return ClusterOptions(ApiServerAccess(kubeconfig, context, None, None), force_conflicts)


def api_server_options(
    kubeconfig: str | None, context: str | None, *, forces: bool
) -> dict[str, bool]:
    """Return which of the options for an API server are given."""
    return {
        "--kubeconfig": kubeconfig is not None,
        "--context": context is not None,
        "--force-conflicts": forces,
    }
