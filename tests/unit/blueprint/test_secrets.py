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


HUNTER = "S3cretHunter2Value"


def _tagged(tags: str) -> str:
    return f"""\
one:
  type: Microsoft.ManagedIdentity/userAssignedIdentities
  resourceGroup: main
  name: id-one
  tags: {{{tags}}}
"""


@pytest.mark.parametrize(
    ("tags", "told"),
    [
        pytest.param(
            f"password: {HUNTER}",
            "blueprint.yaml:11:12: error: tags.password is a secret, and no file may hold one.",
            id="a tag of that name",
        ),
        pytest.param(
            f"a: b, proxy: 'http://user:{HUNTER}@10.0.0.9:3128'",
            "blueprint.yaml:11:25: error: tags.proxy holds a user and password in a URL,",
            id="a URL",
        ),
        pytest.param(
            f'proxy: \'${{"http://user:" + "{HUNTER}" + "@10.0.0.9:3128"}}\'',
            "blueprint.yaml:11:20: error: the value holds a user and password in a URL,",
            id="an expression that puts one together",
        ),
        pytest.param(
            f'password: \'${{"{HUNTER}" + "x"}}\'',
            "blueprint.yaml:11:12: error: tags.password is a secret,",
            id="an expression under such a name",
        ),
        pytest.param(
            f"'AccountKey={HUNTER}': x",
            "error: tags.AccountKey=(sensitive) holds a key in a connection string,",
            id="the name of a tag",
        ),
    ],
)
def test_a_secret_is_refused_where_it_stands(tags: str, told: str, catalog: Catalog) -> None:
    with pytest.raises(DiagnosticError) as refused:
        compose_small(_tagged(tags), catalog)

    assert told in str(refused.value)
    assert HUNTER not in str(refused.value)


def test_a_secret_in_a_reason_is_refused(catalog: Catalog) -> None:
    let_go = (
        "  - path: tags.a\n    scope: one\n    owner: me@contoso.example\n"
        f"    reason: password={HUNTER}\n    expires: 2027-06-30\n"
    )
    with pytest.raises(DiagnosticError, match=r"ignore\[0\].reason holds a password") as refused:
        compose_small(_tagged("a: b"), catalog, ignore=let_go)
    assert HUNTER not in str(refused.value)


@pytest.mark.parametrize(
    "tags",
    [
        "password: '@Microsoft.KeyVault(SecretUri=https://kv.vault.azure.net/secrets/a)'",
        "secret: https://kv.vault.azure.net/secrets/a",
        "secretName: database, tokenLifetime: 3600s, password: none",
        "commit: 0123456789abcdef0123456789abcdef01234567",
        "owner: 11111111-2222-3333-4444-555555555555",
    ],
)
def test_what_points_to_a_secret_is_none(tags: str, catalog: Catalog) -> None:
    assert compose_small(_tagged(tags), catalog).graph.resources["one"]
