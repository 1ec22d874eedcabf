"""What is done to clusters and pools by actions, as the SDK's own client does it."""

import base64
from typing import Any

import pytest
import yaml
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.containerservice import ContainerServiceClient

from provisioner.simulator.server import LocalAzure
from tests.simulator.sdk import Connect
from tests.simulator.setting import GROUP, Caller, StandingClock

CLUSTER = f"{GROUP}/providers/Microsoft.ContainerService/managedClusters/aks"
REGION = "westeurope"


@pytest.fixture
def aks(connect: Connect) -> Any:
    return connect(ContainerServiceClient)


def make(aks: Any, name: str = "aks", **properties: Any) -> Any:
    pool = {"name": "system", "mode": "System", "count": 3, "vmSize": "Standard_D4ds_v5"}
    whole = {"dnsPrefix": name, "kubernetesVersion": "1.35.3", "agentPoolProfiles": [pool]}
    body = {
        "location": REGION,
        "identity": {"type": "SystemAssigned"},
        "properties": {**whole, **properties},
    }
    return aks.managed_clusters.begin_create_or_update("rg", name, body).result()


def read_kubeconfig(results: Any) -> tuple[str, Any]:
    (found,) = results.kubeconfigs
    return found.name, yaml.safe_load(bytes(found.value))


def refused(call: Any, *arguments: Any) -> tuple[int, str]:
    with pytest.raises(HttpResponseError) as raised:
        call(*arguments)
    return raised.value.status_code, raised.value.error.code


def test_a_cluster_stops_and_starts_with_its_pools(aks: Any):
    make(aks)
    clusters = aks.managed_clusters
    assert refused(clusters.begin_start, "rg", "aks") == (400, "BadRequest")
    clusters.begin_stop("rg", "aks").result()
    stopped = clusters.get("rg", "aks")
    assert stopped.properties.power_state.code == "Stopped"
    assert [p.power_state.code for p in stopped.properties.agent_pool_profiles] == ["Stopped"]
    assert list(aks.machines.list("rg", "aks", "system")) == []
    for call in (
        clusters.begin_stop,
        clusters.begin_rotate_cluster_certificates,
        clusters.begin_rotate_service_account_signing_keys,
    ):
        assert refused(call, "rg", "aks") == (400, "BadRequest")
    tagged = clusters.begin_update_tags("rg", "aks", {"tags": {"a": "b"}}).result()
    assert tagged.properties.power_state.code == "Stopped"
    clusters.begin_start("rg", "aks").result()
    assert clusters.get("rg", "aks").properties.power_state.code == "Running"


def test_a_user_of_a_cluster_with_entra_gets_a_plugin_and_no_credential(aks: Any):
    made = make(
        aks,
        aadProfile={"managed": True, "enableAzureRBAC": True},
        disableLocalAccounts=True,
        apiServerAccessProfile={"enablePrivateCluster": True},
    )
    clusters = aks.managed_clusters
    name, config = read_kubeconfig(clusters.list_cluster_user_credentials("rg", "aks"))
    assert name == "clusterUser"
    assert config["current-context"] == "aks"
    (server,) = [entry["cluster"]["server"] for entry in config["clusters"]]
    assert server == f"https://{made.properties.private_fqdn}:443"
    assert config["users"][0]["user"]["exec"]["command"] == "kubelogin"
    _, public = read_kubeconfig(
        clusters.list_cluster_user_credentials("rg", "aks", server_fqdn="public", format="azure")
    )
    assert public["clusters"][0]["cluster"]["server"] == f"https://{made.properties.fqdn}:443"
    assert public["users"][0]["user"]["auth-provider"]["name"] == "azure"
    for call in (
        clusters.list_cluster_admin_credentials,
        clusters.list_cluster_monitoring_user_credentials,
    ):
        with pytest.raises(HttpResponseError, match="set to disable local accounts") as raised:
            call("rg", "aks")
        assert raised.value.status_code == 400


def test_a_local_account_has_certificates_until_they_are_rotated(aks: Any):
    make(aks)
    clusters = aks.managed_clusters

    def certificates() -> tuple[str, str]:
        name, config = read_kubeconfig(clusters.list_cluster_admin_credentials("rg", "aks"))
        assert (name, config["current-context"]) == ("clusterAdmin", "aks-admin")
        user = config["users"][0]["user"]
        assert b"BEGIN EC PRIVATE KEY" in base64.b64decode(user["client-key-data"])
        return config["clusters"][0]["cluster"]["certificate-authority-data"], user[
            "client-certificate-data"
        ]

    first = certificates()
    assert certificates() == first
    clusters.begin_rotate_cluster_certificates("rg", "aks").result()
    assert not set(certificates()) & set(first)
    profile = clusters.get_access_profile("rg", "aks", "clusterUser")
    assert yaml.safe_load(bytes(profile.properties.kube_config))["kind"] == "Config"


def test_versions_for_a_cluster_and_its_pools(aks: Any):
    make(aks)
    profile = aks.managed_clusters.get_upgrade_profile("rg", "aks").properties
    assert profile.control_plane_profile.kubernetes_version == "1.35.3"
    pool = aks.agent_pools.get_upgrade_profile("rg", "aks", "system")
    assert (pool.properties.kubernetes_version, pool.properties.os_type) == ("1.35.3", "Linux")
    assert pool.properties.upgrades == []
    image = aks.agent_pools.get("rg", "aks", "system").properties.node_image_version
    assert image == pool.properties.latest_node_image_version
    assert image.startswith("AKSUbuntu-2404gen2containerd-")
    offered = aks.agent_pools.get_available_agent_pool_versions("rg", "aks").properties
    versions = {each.kubernetes_version: each.default for each in offered.agent_pool_versions}
    assert [version for version, default in versions.items() if default] == ["1.35.3"]
    assert "1.34.7" in versions
    assert "1.35.4" not in versions


def test_the_image_of_a_pool_follows_its_version(aks: Any):
    make(aks)
    pools = aks.agent_pools
    pool = {"mode": "User", "vmSize": "Standard_D4ds_v5", "count": 1}

    def image_with(version: str) -> str:
        body = {"properties": {**pool, "orchestratorVersion": version}}
        made = pools.begin_create_or_update("rg", "aks", "more", body).result()
        return str(made.properties.node_image_version)

    assert image_with("1.34.7").startswith("AKSUbuntu-2204gen2containerd-")
    newer = image_with("1.35.3")
    assert newer.startswith("AKSUbuntu-2404gen2containerd-")
    pools.begin_upgrade_node_image_version("rg", "aks", "more").result()
    assert pools.get("rg", "aks", "more").properties.node_image_version == newer


def test_machines_are_listed_and_deleted(aks: Any):
    make(aks)
    names = [machine.name for machine in aks.machines.list("rg", "aks", "system")]
    assert len(names) == 3
    one = aks.machines.get("rg", "aks", "system", names[1])
    assert "/virtualMachineScaleSets/aks-system-" in one.properties.resource_id
    pools = aks.agent_pools
    wrong = {"machineNames": ["aks-none"]}
    assert refused(pools.begin_delete_machines, "rg", "aks", "system", wrong)[0] == 400
    pools.begin_delete_machines("rg", "aks", "system", {"machineNames": [names[1]]}).result()
    assert pools.get("rg", "aks", "system").properties.count == 2
    left = [machine.name for machine in aks.machines.list("rg", "aks", "system")]
    assert left == [names[0], names[2]]
    with pytest.raises(ResourceNotFoundError):
        aks.machines.get("rg", "aks", "system", names[1])


def test_a_command_is_refused_where_it_is_disabled_and_says_that_it_did_not_run(aks: Any):
    make(aks)
    clusters = aks.managed_clusters
    result = clusters.begin_run_command("rg", "aks", {"command": "kubectl get nodes"}).result()
    assert result.properties.provisioning_state == "Succeeded"
    assert result.properties.exit_code == 1
    assert "no Kubernetes" in result.properties.logs
    assert result.id.isalnum()
    assert clusters.get_command_result("rg", "aks", result.id).id == result.id
    with pytest.raises(ResourceNotFoundError):
        clusters.get_command_result("rg", "aks", "none")
    assert refused(clusters.begin_run_command, "rg", "aks", {"command": ""})[0] == 400
    make(aks, apiServerAccessProfile={"disableRunCommand": True})
    run = {"command": "kubectl get nodes"}
    assert refused(clusters.begin_run_command, "rg", "aks", run) == (400, "RunCommandDisabled")


def test_profiles_are_reset(aks: Any):
    make(aks, aadProfile={"managed": True})
    clusters = aks.managed_clusters
    groups = ["22222222-2222-2222-2222-222222222222"]
    clusters.begin_reset_aad_profile(
        "rg", "aks", {"managed": True, "adminGroupObjectIDs": groups}
    ).result()
    assert clusters.get("rg", "aks").properties.aad_profile.admin_group_object_i_ds == groups


def test_what_a_region_offers(aks: Any, local: LocalAzure):
    (mesh,) = aks.managed_clusters.list_mesh_revision_profiles(REGION)
    assert mesh.properties.mesh_revisions[0].upgrades
    roles = [role.name for role in aks.trusted_access_roles.list(REGION)]
    assert "backup-operator" in roles
    call = Caller(local.endpoint)
    region = (
        f"{GROUP.partition('/resourceGroups')[0]}/providers/Microsoft.ContainerService/locations/x"
    )
    found = call("GET", f"{region}/orchestrators?resource-type=managedClusters").body
    assert {"1.35.4", "1.36.1"} <= {
        entry["orchestratorVersion"]
        for one in found["properties"]["orchestrators"]
        if one["orchestratorVersion"] == "1.35.3"
        for entry in one["upgrades"]
    }
    options = call("GET", f"{region}/osOptions/default").body["properties"]
    assert [o["os-type"] for o in options["osOptionPropertyList"]] == ["Linux", "Windows"]
    call.close()


def test_what_nodes_have_to_reach_follows_the_features(aks: Any):
    make(aks)
    make(aks, "private", apiServerAccessProfile={"enablePrivateCluster": True})
    clusters = aks.managed_clusters

    def categories(name: str) -> dict[str, list[str]]:
        found = clusters.list_outbound_network_dependencies_endpoints("rg", name)
        return {one.category: [e.domain_name for e in one.endpoints] for one in found}

    assert "management.azure.com" in categories("aks")["nodes"]
    assert categories("aks")["public-api-server"] == ["*.hcp.westeurope.azmk8s.io"]
    assert "public-api-server" not in categories("private")


def test_a_mesh_says_where_it_may_go(aks: Any):
    make(aks)
    with pytest.raises(ResourceNotFoundError):
        aks.managed_clusters.get_mesh_upgrade_profile("rg", "aks", "istio")
    mesh = {"mode": "Istio", "istio": {"revisions": ["asm-1-26"]}}
    make(aks, serviceMeshProfile=mesh)
    found = aks.managed_clusters.get_mesh_upgrade_profile("rg", "aks", "istio").properties
    assert (found.revision, found.upgrades) == ("asm-1-26", ["asm-1-27"])


def test_an_action_takes_its_time_refuses_another_and_is_aborted(real_catalog: Any):
    clock = StandingClock()
    with LocalAzure.start(real_catalog, None, clock=clock, realistic=1.0) as local:
        call = Caller(local.endpoint)
        call.create_group()
        pool = {"name": "system", "mode": "System", "count": 1, "vmSize": "Standard_D4ds_v5"}
        body = {
            "location": REGION,
            "identity": {"type": "SystemAssigned"},
            "properties": {"dnsPrefix": "aks", "agentPoolProfiles": [pool]},
        }
        assert call("PUT", CLUSTER, body).status == 201
        clock.advance(3600)

        stopping = call("POST", f"{CLUSTER}/stop")
        assert stopping.status == 202
        status, result = stopping.headers["azure-asyncoperation"], stopping.headers["location"]
        assert call("GET", CLUSTER).body["properties"]["provisioningState"] == "Stopping"
        assert call("GET", CLUSTER).body["properties"]["powerState"] == {"code": "Running"}
        assert call("GET", result).status == 202
        second = call("POST", f"{CLUSTER}/stop")
        assert (second.status, second.code) == (409, "OperationNotAllowed")

        aborting = call("POST", f"{CLUSTER}/abort")
        assert aborting.status == 202
        assert call("GET", status).body["status"] == "Canceled"
        found = call("GET", CLUSTER).body["properties"]
        assert (found["provisioningState"], found["powerState"]["code"]) == ("Canceled", "Running")
        nothing = call("POST", f"{CLUSTER}/abort")
        assert (nothing.status, nothing.code) == (409, "OperationNotAllowed")

        running = call("POST", f"{CLUSTER}/runCommand", {"command": "kubectl get pods"})
        assert call("GET", running.headers["location"]).status == 202
        clock.advance(3600)
        ended = call("GET", running.headers["location"])
        assert (ended.status, ended.body["properties"]["exitCode"]) == (200, 1)

        call("POST", f"{CLUSTER}/stop")
        clock.advance(3600)
        found = call("GET", CLUSTER).body["properties"]
        assert (found["provisioningState"], found["powerState"]["code"]) == ("Succeeded", "Stopped")
        call.close()


def test_a_read_only_lock_forbids_actions(aks: Any, local: LocalAzure):
    make(aks)
    call = Caller(local.endpoint)
    lock = {"properties": {"level": "ReadOnly"}}
    call("PUT", f"{CLUSTER}/providers/Microsoft.Authorization/locks/keep", lock)
    assert refused(aks.managed_clusters.begin_stop, "rg", "aks") == (409, "ScopeLocked")
    assert refused(aks.managed_clusters.list_cluster_admin_credentials, "rg", "aks") == (
        409,
        "ScopeLocked",
    )
    call.close()
