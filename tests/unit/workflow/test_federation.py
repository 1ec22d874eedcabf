"""Federated credentials of CI jobs: issuer and subject, as each service sends them."""

from dataclasses import replace

import pytest

from provisioner.documents.roles import Purpose
from provisioner.model.diagnostic import DiagnosticError
from provisioner.workflow.federation import (
    AzurePipelinesJobs,
    GitHubJobs,
    describe_credentials,
)
from tests.environments import compose_small

NOTHING = """
  vnet:
    type: Microsoft.Network/virtualNetworks
    resourceGroup: main
    name: vnet
    properties: {addressSpace: {addressPrefixes: [10.0.0.0/16]}}
"""
ORGANIZATION = "0ca3ddd9-f0b0-4635-a98c-5866526961b6"
CONNECTION = "64171687-7a59-4fce-b2c8-823278dcf176"


@pytest.fixture(scope="module")
def desired(catalog):
    return compose_small(NOTHING, catalog)


def test_the_written_workflows_of_github_need_three_subjects(desired):
    found = describe_credentials(desired, GitHubJobs("contoso@12/platform@345"))

    assert [(c.purpose, c.subject) for c in found] == [
        (Purpose.PLAN, "repo:contoso@12/platform@345:pull_request"),
        (Purpose.PLAN, "repo:contoso@12/platform@345:ref:refs/heads/main"),
        (Purpose.APPLY, f"repo:contoso@12/platform@345:environment:{desired.environment.name}"),
    ]
    assert len({c.name for c in found}) == 3


@pytest.mark.parametrize(
    "jobs",
    [
        pytest.param(GitHubJobs("contoso/platform"), id="GitHub"),
        pytest.param(
            AzurePipelinesJobs(ORGANIZATION, CONNECTION, "contoso/platform/azsec-apply"),
            id="Azure Pipelines",
        ),
    ],
)
def test_environments_that_share_an_identity_share_its_credentials(catalog, desired, jobs):
    """Entra takes an issuer and subject once on an identity: what has one subject has one name."""
    other = replace(desired, environment=replace(desired.environment, name="another"))
    found = [*describe_credentials(desired, jobs), *describe_credentials(other, jobs)]

    assert len({c.name for c in found}) == len({(c.issuer, c.subject) for c in found})
    assert len({(c.name, c.subject) for c in found}) == len({c.name for c in found})


@pytest.mark.parametrize(
    ("connection", "issuer", "subject"),
    [
        # The subject as two service connections of different organizations have it: base64url of
        # the tenant's bytes, and of Azure DevOps' own application.
        pytest.param(
            CONNECTION,
            "https://login.microsoftonline.com/99999999-9999-9999-9999-999999999999/v2.0",
            "/eid1/c/pub/t/mZmZmZmZmZmZmZmZmZmZmQ/a/rISbSSETf0KqFyZ8ppdXmA"
            f"/sc/{ORGANIZATION}/{CONNECTION}",
            id="an id: the Entra issuer",
        ),
        pytest.param(
            "contoso/platform/azsec-plan",
            f"https://vstoken.dev.azure.com/{ORGANIZATION}",
            "sc://contoso/platform/azsec-plan",
            id="names: the issuer of Azure DevOps",
        ),
    ],
)
def test_a_service_connection_has_its_issuer(desired, connection, issuer, subject):
    jobs = AzurePipelinesJobs(ORGANIZATION.upper(), plan_connection=connection)

    (found,) = describe_credentials(desired, jobs)

    assert (found.issuer, found.subject) == (issuer, subject)
    assert found.purpose is Purpose.PLAN


def test_a_tenant_is_encoded_as_entra_encodes_it():
    from provisioner.workflow import federation

    # Two public service connections: tenant, and its part of the subject.
    assert (
        federation._encode_guid("66946bae-c7f1-4099-b768-6ec1ac684280") == "rmuUZvHHmUC3aG7BrGhCgA"
    )
    assert (
        federation._encode_guid("ff882432-09b0-437b-bd22-ca13c0037ded") == "MiSI_7AJe0O9IsoTwAN97Q"
    )


@pytest.mark.parametrize(
    ("jobs", "code"),
    [
        pytest.param(GitHubJobs("platform"), "wrong-repository", id="no owner"),
        pytest.param(GitHubJobs("a/b/c"), "wrong-repository", id="a path"),
        pytest.param(AzurePipelinesJobs("contoso", "a/b/c"), "wrong-organization", id="a name"),
        pytest.param(AzurePipelinesJobs(ORGANIZATION), "which-connections", id="no connection"),
        pytest.param(
            AzurePipelinesJobs(ORGANIZATION, "azsec-plan"), "wrong-connection", id="a name alone"
        ),
    ],
)
def test_what_names_no_job_is_refused(desired, jobs, code):
    with pytest.raises(DiagnosticError) as raised:
        describe_credentials(desired, jobs)

    assert [d.code for d in raised.value.diagnostics] == [code]
