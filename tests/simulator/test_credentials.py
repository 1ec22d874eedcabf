"""The typed clients of Azure's SDK with azure-identity's credentials, over TLS: nothing is added to
them, and nothing stands in front."""

import json
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from azure.identity import CertificateCredential, ClientSecretCredential, WorkloadIdentityCredential
from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.containerregistry import ContainerRegistryManagementClient
from azure.mgmt.containerservice import ContainerServiceClient
from azure.mgmt.keyvault import KeyVaultManagementClient
from azure.mgmt.loganalytics import LogAnalyticsManagementClient
from azure.mgmt.monitor import MonitorManagementClient
from azure.mgmt.msi import ManagedServiceIdentityClient
from azure.mgmt.network import NetworkManagementClient
from azure.mgmt.privatedns import PrivateDnsManagementClient
from azure.mgmt.resource.locks import ManagementLockClient
from azure.mgmt.resource.resources import ResourceManagementClient
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from provisioner.catalog.built_in_roles import find_built_in_role
from provisioner.catalog.registry import Catalog
from provisioner.simulator.access_options import Access
from provisioner.simulator.entra.directory import OPERATOR_APPLICATION
from provisioner.simulator.server import LocalAzure
from provisioner.simulator.server_certificate import prepare_certificate
from provisioner.simulator.tenancy import StatedSubscription, Tenancy
from tests.simulator.conftest import SIGNING_KEY
from tests.simulator.setting import SUBSCRIPTION

S = f"/subscriptions/{SUBSCRIPTION}"
G = f"{S}/resourceGroups/rg"
WHERE = {"location": "westeurope"}
ISSUER = "https://issuer.example"
SUBJECT = "system:serviceaccount:platform:deployer"


@pytest.fixture
def azure(real_catalog: Catalog, tmp_path: Path) -> Iterator[LocalAzure]:
    access = Access(
        certificates=tmp_path / "identity",
        tenancy=Tenancy(subscriptions=(StatedSubscription(SUBSCRIPTION, "workload"),)),
        enforces_roles=True,
        signing_key=SIGNING_KEY,
    )
    with LocalAzure.start(real_catalog, None, access=access) as started:
        yield started


class Program:
    """A program of one credential; it counts its calls."""

    def __init__(self, azure: LocalAzure, credential: Any) -> None:
        self._azure = azure
        self._credential = credential
        self.calls = 0

    def client(self, kind: type[Any]) -> Any:
        """A client as a program makes it for a cloud of its own."""
        return kind(
            self._credential,
            SUBSCRIPTION,
            base_url=self._azure.endpoint,
            credential_scopes=[f"{self._azure.endpoint}/.default"],
            connection_verify=trust(self._azure),
            retry_total=0,
        )

    def do(self, call: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """Call an operation to its end: pollers to their result, lists to their last page."""
        self.calls += 1
        found = call(*arguments, **options)
        if hasattr(found, "result"):
            return found.result()
        return list(found) if hasattr(found, "by_page") else found


def trust(azure: LocalAzure) -> str:
    assert azure.certificate is not None
    return str(azure.certificate.authority)


def options_of(azure: LocalAzure) -> dict[str, Any]:
    return {
        "authority": azure.endpoint,
        "disable_instance_discovery": True,
        "connection_verify": trust(azure),
    }


def test_sixty_operations_of_two_credentials_over_tls(azure: LocalAzure, tmp_path: Path) -> None:
    secret = ClientSecretCredential(azure.tenant, OPERATOR_APPLICATION, "any", **options_of(azure))
    owner = Program(azure, secret)
    client_id, principal = make_platform(owner)

    assertion = jwt.encode(
        {
            "iss": ISSUER, "sub": SUBJECT, "aud": "api://AzureADTokenExchange",
            "exp": datetime.now(UTC) + timedelta(minutes=10),
        },
        "k" * 32,
    )  # fmt: skip
    (tmp_path / "token").write_text(assertion)
    workload = Program(
        azure,
        WorkloadIdentityCredential(
            tenant_id=azure.tenant,
            client_id=client_id,
            token_file_path=str(tmp_path / "token"),
            **options_of(azure),
        ),
    )
    deploy_workload(workload)
    look_around(workload, client_id)
    tear_down(owner, client_id, principal)

    assert owner.calls + workload.calls >= 60
    assert workload.calls >= 30


def make_platform(owner: Program) -> tuple[str, str]:
    """Make the groups and an identity that may deploy into one of them; return its client id and
    its principal's."""
    resources = owner.client(ResourceManagementClient)
    identities = owner.client(ManagedServiceIdentityClient)
    roles = owner.client(AuthorizationManagementClient)
    network = owner.do(resources.providers.get, "Microsoft.Network")
    assert network.registration_state == "Registered"
    for name in ("rg", "rg-platform"):
        group = owner.do(resources.resource_groups.create_or_update, name, WHERE)
        assert group.properties.provisioning_state == "Succeeded"
    made = owner.do(
        identities.user_assigned_identities.create_or_update, "rg-platform", "id-deployer", WHERE
    )
    federation = {"properties": {"issuer": ISSUER, "subject": SUBJECT,
                                 "audiences": ["api://AzureADTokenExchange"]}}  # fmt: skip
    owner.do(identities.federated_identity_credentials.create_or_update,
             "rg-platform", "id-deployer", "deployer", federation)  # fmt: skip
    (contributor,) = owner.do(roles.role_definitions.list, S, filter="roleName eq 'Contributor'")
    assert contributor.name == find_built_in_role("Contributor")
    owner.do(
        roles.role_assignments.create,
        G,
        "00000000-0000-4000-8000-000000000001",
        {
            "properties": {
                "roleDefinitionId": contributor.id,
                "principalId": made.principal_id,
                "principalType": "ServicePrincipal",
            }
        },
    )
    return str(made.client_id), str(made.principal_id)


def deploy_workload(workload: Program) -> None:
    """Make a network, a vault, a registry and a cluster, as a pipeline does."""
    network = workload.client(NetworkManagementClient)
    do = workload.do
    do(network.network_security_groups.begin_create_or_update, "rg", "nsg", WHERE)
    do(network.security_rules.begin_create_or_update, "rg", "nsg", "web", {
        "properties": {"priority": 100, "direction": "Inbound", "access": "Allow",
                       "protocol": "Tcp", "sourceAddressPrefix": "10.0.0.0/8",
                       "sourcePortRange": "*", "destinationAddressPrefix": "*",
                       "destinationPortRange": "443"}})  # fmt: skip
    do(network.route_tables.begin_create_or_update, "rg", "rt", WHERE)
    do(network.routes.begin_create_or_update, "rg", "rt", "out", {
        "properties": {"addressPrefix": "0.0.0.0/0", "nextHopType": "None"}})  # fmt: skip
    space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}
    do(network.virtual_networks.begin_create_or_update, "rg", "hub",
       {**WHERE, "properties": space})  # fmt: skip
    subnet = do(network.subnets.begin_create_or_update, "rg", "hub", "nodes", {
        "properties": {
            "addressPrefix": "10.0.0.0/24",
            "networkSecurityGroup": {"id": f"{G}/providers/Microsoft.Network"
                                           "/networkSecurityGroups/nsg"},
        }
    })  # fmt: skip
    assert subnet.properties.network_security_group.id.endswith("/nsg")
    do(network.public_ip_addresses.begin_create_or_update, "rg", "pip", {
        **WHERE, "sku": {"name": "Standard"},
        "properties": {"publicIPAllocationMethod": "Static"}})  # fmt: skip

    zones = workload.client(PrivateDnsManagementClient)
    do(zones.private_zones.begin_create_or_update, "rg", "corp.example", {"location": "global"})
    do(zones.record_sets.create_or_update, "rg", "corp.example", "A", "db", {
        "properties": {"ttl": 60, "aRecords": [{"ipv4Address": "10.0.0.9"}]}})  # fmt: skip
    workspaces = workload.client(LogAnalyticsManagementClient)
    do(workspaces.workspaces.begin_create_or_update, "rg", "law-workload", WHERE)
    vaults = workload.client(KeyVaultManagementClient)
    do(vaults.vaults.begin_create_or_update, "rg", "kv-credentials", {
        **WHERE, "properties": {"tenantId": SUBSCRIPTION, "enableRbacAuthorization": True,
                                "sku": {"family": "A", "name": "standard"}}})  # fmt: skip
    registries = workload.client(ContainerRegistryManagementClient)
    do(registries.registries.begin_create, "rg", "acrcredentials",
       {**WHERE, "sku": {"name": "Premium"}})  # fmt: skip
    clusters = workload.client(ContainerServiceClient)
    cluster = do(clusters.managed_clusters.begin_create_or_update, "rg", "aks", {
        **WHERE, "identity": {"type": "SystemAssigned"},
        "properties": {"dnsPrefix": "aks", "agentPoolProfiles": [
            {"name": "sys", "mode": "System", "count": 1, "vmSize": "Standard_D4ds_v5"}]},
    })  # fmt: skip
    assert cluster.properties.provisioning_state == "Succeeded"
    do(clusters.agent_pools.begin_create_or_update, "rg", "aks", "batch", {
        "properties": {"count": 2, "vmSize": "Standard_D4ds_v5", "mode": "User"}})  # fmt: skip


def look_around(workload: Program, client_id: str) -> None:
    """Read what was made, find who made it, and meet the end of what may be done."""
    do = workload.do
    network = workload.client(NetworkManagementClient)
    resources = workload.client(ResourceManagementClient)
    clusters = workload.client(ContainerServiceClient)
    assert do(network.virtual_networks.get, "rg", "hub").properties.subnets[0].name == "nodes"
    assert [each.name for each in do(network.subnets.list, "rg", "hub")] == ["nodes"]
    assert [each.name for each in do(network.virtual_networks.list, "rg")] == ["hub"]
    assert do(network.network_security_groups.get, "rg", "nsg").name == "nsg"
    assert do(network.security_rules.get, "rg", "nsg", "web").properties.priority == 100
    assert do(network.routes.get, "rg", "rt", "out").properties.next_hop_type == "None"
    assert do(network.public_ip_addresses.get, "rg", "pip").properties.ip_address
    assert do(resources.resource_groups.check_existence, "rg") is True
    assert do(resources.resource_groups.get, "rg").name == "rg"
    assert [each.name for each in do(network.route_tables.list, "rg")] == ["rt"]
    assert do(network.subnets.get, "rg", "hub", "nodes").properties.address_prefix == "10.0.0.0/24"
    found = do(resources.resources.list_by_resource_group, "rg",
               filter="resourceType eq 'Microsoft.Network/virtualNetworks'")  # fmt: skip
    assert [each.name for each in found] == ["hub"]
    registry = do(workload.client(ContainerRegistryManagementClient).registries.get,
                  "rg", "acrcredentials")  # fmt: skip
    assert registry.system_data.created_by == client_id
    assert do(workload.client(KeyVaultManagementClient).vaults.get, "rg", "kv-credentials").id
    assert do(workload.client(LogAnalyticsManagementClient).workspaces.get, "rg", "law-workload").id
    zones = workload.client(PrivateDnsManagementClient)
    assert do(zones.private_zones.get, "rg", "corp.example").name == "corp.example"
    assert len(do(zones.record_sets.list, "rg", "corp.example")) == 2
    assert do(clusters.managed_clusters.get, "rg", "aks").name == "aks"
    pools = do(clusters.agent_pools.list, "rg", "aks")
    assert sorted(each.name for each in pools) == ["batch", "sys"]
    assert do(clusters.managed_clusters.get_upgrade_profile, "rg", "aks").id
    assert do(clusters.managed_clusters.list_cluster_user_credentials, "rg", "aks").kubeconfigs
    do(clusters.managed_clusters.begin_stop, "rg", "aks")
    assert do(clusters.managed_clusters.get, "rg", "aks").properties.power_state.code == "Stopped"
    do(clusters.managed_clusters.begin_start, "rg", "aks")
    for name in ("rg-platform", "rg-other"):
        with pytest.raises(HttpResponseError) as refused:
            do(resources.resource_groups.create_or_update, name, WHERE)
        assert refused.value.status_code == 403
        assert f"The client '{client_id}' with object id" in str(refused.value)


def tear_down(owner: Program, client_id: str, principal: str) -> None:
    """Find in the log who made what, and delete it with the permissions, past a lock."""
    do = owner.do
    resources = owner.client(ResourceManagementClient)
    roles = owner.client(AuthorizationManagementClient)
    monitor = owner.client(MonitorManagementClient)
    since = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    events = do(monitor.activity_logs.list,
                filter=f"eventTimestamp ge '{since}' and resourceGroupName eq 'rg'")  # fmt: skip
    by_workload = [e for e in events if (e.claims or {}).get("appid") == client_id]
    assert len(by_workload) > 20
    locks = owner.client(ManagementLockClient)
    do(locks.management_locks.create_or_update_at_resource_group_level, "rg", "keep",
       {"properties": {"level": "CanNotDelete"}})  # fmt: skip
    with pytest.raises(HttpResponseError, match="ScopeLocked"):
        do(resources.resource_groups.begin_delete, "rg")
    do(locks.management_locks.delete_at_resource_group_level, "rg", "keep")
    held = do(roles.role_assignments.list_for_scope, G, filter=f"principalId eq '{principal}'")
    assert len(held) == 1
    for assignment in held:
        do(roles.role_assignments.delete_by_id, assignment.id)
    clusters = owner.client(ContainerServiceClient)
    do(clusters.agent_pools.begin_delete, "rg", "aks", "batch")
    do(clusters.managed_clusters.begin_delete, "rg", "aks")
    network = owner.client(NetworkManagementClient)
    do(network.subnets.begin_delete, "rg", "hub", "nodes")
    do(network.network_security_groups.begin_delete, "rg", "nsg")
    do(resources.resource_groups.begin_delete, "rg")
    assert do(resources.resource_groups.check_existence, "rg") is False
    vaults = owner.client(KeyVaultManagementClient)
    do(vaults.vaults.begin_purge_deleted, "kv-credentials", "westeurope")
    assert do(vaults.vaults.list_deleted) == []
    assert "rg" not in [each.name for each in do(resources.resource_groups.list)]


def test_a_certificate_signs_in_where_the_directory_has_none_of_its_own(
    azure: LocalAzure, tmp_path: Path
) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "pipeline")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name)
        .public_key(key.public_key()).serial_number(1).not_valid_before(now)
        .not_valid_after(now + timedelta(days=1)).sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = tmp_path / "pipeline.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    credential = CertificateCredential(
        azure.tenant, OPERATOR_APPLICATION, str(pem), **options_of(azure)
    )
    assert credential.get_token(f"{azure.endpoint}/.default").token.count(".") == 2


def test_entra_s_refusals_reach_the_program_in_its_words(azure: LocalAzure) -> None:
    stranger = ClientSecretCredential(SUBSCRIPTION, OPERATOR_APPLICATION, "any",
                                      **options_of(azure))  # fmt: skip
    with pytest.raises((ClientAuthenticationError, ValueError)) as refused:
        stranger.get_token(f"{azure.endpoint}/.default")
    assert "AADSTS90002" in str(refused.value) or "authority" in str(refused.value)


def modes(folder: Path) -> dict[str, int]:
    return {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}


def test_a_certificate_is_kept_until_a_third_of_its_time_is_left(tmp_path: Path) -> None:
    folder = tmp_path / "identity"
    now = datetime(2027, 1, 1, tzinfo=UTC)
    first = prepare_certificate(folder, now)
    begin = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert first.renewed
    assert set(modes(folder).values()) == {0o600}

    def changed(after: timedelta) -> set[str]:
        again = prepare_certificate(folder, now + after)
        files = {file.name: file.read_bytes() for file in folder.iterdir()}
        names = {name for name, content in files.items() if content != begin[name]}
        assert again.renewed == ("ca.pem" in names)
        begin.update(files)
        return names

    server = {"server.pem", "server-key.pem"}
    assert changed(timedelta(days=59)) == set()
    assert changed(timedelta(days=61)) == server, "the server's alone: clients trust it as before"
    assert changed(timedelta(days=5 * 365 + 1)) == {*server, "ca.pem", "ca-key.pem"}, "expired"


@pytest.mark.parametrize("damaged", ["ca.pem", "ca-key.pem", "server.pem", "server-key.pem"])
def test_what_is_damaged_is_made_anew(tmp_path: Path, damaged: str) -> None:
    now = datetime(2027, 1, 1, tzinfo=UTC)
    prepare_certificate(tmp_path, now)
    (tmp_path / damaged).write_text("-----BEGIN NONSENSE-----\n")
    made = prepare_certificate(tmp_path, now)
    assert made.renewed == damaged.startswith("ca")
    authority = x509.load_pem_x509_certificate(made.authority.read_bytes())
    x509.load_pem_x509_certificate(made.chain.read_bytes()).verify_directly_issued_by(authority)


def test_the_authority_signs_for_loopback_alone(tmp_path: Path) -> None:
    made = prepare_certificate(tmp_path, datetime(2027, 1, 1, tzinfo=UTC))
    authority = x509.load_pem_x509_certificate(made.authority.read_bytes())
    limits = authority.extensions.get_extension_for_class(x509.NameConstraints)
    permitted = [str(each.value) for each in limits.value.permitted_subtrees or ()]
    assert limits.critical
    assert permitted == ["localhost", "127.0.0.1/32", "::1/128"]
    assert json.dumps(permitted)
