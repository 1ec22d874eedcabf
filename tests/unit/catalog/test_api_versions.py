"""The pinned api versions are those that the installed SDK packages speak."""

import importlib

import pytest

from provisioner.catalog import api_versions

_SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"


class _NoCredential:
    def get_token(self, *_scopes: str, **_options: object) -> None:
        raise AssertionError("nothing is sent here")


@pytest.mark.parametrize(
    ("pinned", "package", "client"),
    [
        (api_versions.CONTAINER_REGISTRY, "containerregistry", "ContainerRegistryManagementClient"),
        (api_versions.CONTAINER_SERVICE, "containerservice", "ContainerServiceClient"),
        (api_versions.KEY_VAULT, "keyvault", "KeyVaultManagementClient"),
        (api_versions.LOCKS, "resource.locks", "ManagementLockClient"),
        (api_versions.OPERATIONAL_INSIGHTS, "loganalytics", "LogAnalyticsManagementClient"),
        (api_versions.POLICY, "resource.policy", "PolicyClient"),
        (api_versions.PRIVATE_DNS, "privatedns", "PrivateDnsManagementClient"),
        (api_versions.RESOURCES, "resource.resources", "ResourceManagementClient"),
    ],
)
def test_the_pinned_version_is_the_packages_own(pinned: str, package: str, client: str) -> None:
    module = importlib.import_module(f"azure.mgmt.{package}")

    with getattr(module, client)(_NoCredential(), _SUBSCRIPTION) as opened:
        assert opened._config.api_version == pinned


@pytest.mark.parametrize(
    ("pinned", "module", "client"),
    [
        (
            api_versions.AUTHORIZATION,
            "azure.mgmt.authorization",
            "AuthorizationManagementClient",
        ),
        (api_versions.MANAGED_IDENTITY, "azure.mgmt.msi", "ManagedServiceIdentityClient"),
    ],
)
def test_the_pinned_version_is_the_default_of_an_older_package(
    pinned: str, module: str, client: str
) -> None:
    assert pinned == getattr(importlib.import_module(module), client).DEFAULT_API_VERSION


@pytest.mark.parametrize(
    ("pinned", "operations"),
    [
        (api_versions.ACTION_GROUPS, "action_groups"),
        (api_versions.ACTIVITY_LOG_ALERTS, "activity_log_alerts"),
        (api_versions.DATA_COLLECTION, "data_collection_endpoints"),
        (api_versions.AZURE_MONITOR_WORKSPACES, "azure_monitor_workspaces"),
        (api_versions.DATA_COLLECTION, "data_collection_rules"),
        (api_versions.METRIC_ALERTS, "metric_alerts"),
        (api_versions.SCHEDULED_QUERY_RULES, "scheduled_query_rules"),
    ],
)
def test_the_pinned_version_is_what_the_monitor_package_sends(pinned: str, operations: str) -> None:
    # Each group of operations in this package has a version of its own.
    module = importlib.import_module(f"azure.mgmt.monitor.operations._{operations}_operations")

    request = module.build_get_request("rg", "name", _SUBSCRIPTION)

    assert f"api-version={pinned}" in request.url


def test_the_pinned_version_is_what_the_network_package_sends() -> None:
    # This package has no version of its own: each of its requests carries one.
    operations = importlib.import_module("azure.mgmt.network.operations._operations")

    request = operations.build_virtual_networks_get_request("rg", "vnet", _SUBSCRIPTION)

    assert f"api-version={api_versions.NETWORK}" in request.url
