"""A secret in a blueprint would stand in plans and reports too, so it is refused."""

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.model.diagnostic import DiagnosticError
from tests.environments import compose_small


@pytest.mark.parametrize(
    ("profile", "path"),
    [
        pytest.param(
            "windowsProfile: {adminUsername: azure, adminPassword: hunter2hunter2}",
            "properties.windowsProfile.adminPassword",
            id="the password of Windows nodes",
        ),
        pytest.param(
            "servicePrincipalProfile: {clientId: some, secret: hunter2hunter2}",
            "properties.servicePrincipalProfile.secret",
            id="a service principal, where a managed identity would do",
        ),
    ],
)
def test_a_secret_in_a_blueprint_is_refused(profile: str, path: str, catalog: Catalog) -> None:
    cluster = f"""\
cluster:
  type: Microsoft.ContainerService/managedClusters
  resourceGroup: main
  name: aks
  properties:
    {profile}
"""

    with pytest.raises(DiagnosticError) as refused:
        compose_small(cluster, catalog)

    told = str(refused.value)
    assert f"error: {path} is a secret, and no file may hold one." in told
    assert "hunter2" not in told
