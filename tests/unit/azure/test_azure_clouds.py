import pytest
from azure.core import AzureClouds
from azure.identity import AzureAuthorityHosts
from azure.mgmt.core.tools import get_arm_endpoints

from provisioner.azure.cloud import AZURE, CHINA, US_GOVERNMENT, find_cloud, local_cloud
from provisioner.model.diagnostic import DiagnosticError


@pytest.mark.parametrize(
    ("cloud", "sdk_cloud", "authority"),
    [
        (AZURE, AzureClouds.AZURE_PUBLIC_CLOUD, AzureAuthorityHosts.AZURE_PUBLIC_CLOUD),
        (US_GOVERNMENT, AzureClouds.AZURE_US_GOVERNMENT, AzureAuthorityHosts.AZURE_GOVERNMENT),
        (CHINA, AzureClouds.AZURE_CHINA_CLOUD, AzureAuthorityHosts.AZURE_CHINA),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_endpoints_are_those_of_the_sdk(cloud, sdk_cloud, authority):
    endpoints = get_arm_endpoints(sdk_cloud)

    assert f"{cloud.resource_manager}/" == endpoints["resource_manager"]
    assert [cloud.scope] == endpoints["credential_scopes"]
    assert cloud.authority == authority
    assert find_cloud(cloud.name) is cloud


def test_a_mistyped_cloud_is_told_the_nearest():
    with pytest.raises(DiagnosticError, match="Did you mean 'AzureUSGovernment'"):
        find_cloud("AzureUSGoverment")


@pytest.mark.parametrize(
    "endpoint", ["http://127.0.0.1:81/", "http://[::1]:81", "http://localhost"]
)
def test_the_local_cloud_is_on_loopback(endpoint):
    cloud = local_cloud(endpoint)

    assert cloud.is_local
    assert cloud.resource_manager == endpoint.rstrip("/")


@pytest.mark.parametrize(
    "endpoint",
    [
        pytest.param("http://10.0.0.4:8080", id="another machine"),
        pytest.param("http://localhost.evil.example", id="a name that only looks local"),
        pytest.param("127.0.0.1:8080", id="no scheme"),
        pytest.param("ftp://127.0.0.1", id="another protocol"),
    ],
)
def test_no_token_goes_elsewhere_without_tls(endpoint):
    with pytest.raises(DiagnosticError, match="is not an endpoint of the local cloud"):
        local_cloud(endpoint)
