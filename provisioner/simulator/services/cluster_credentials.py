"""POST …/managedClusters/NAME/listClusterUserCredential: a kubeconfig as AKS answers it.

Source: "Managed Clusters - List Cluster User Credentials", and "Use kubelogin to authenticate users
in Azure Kubernetes Service" for the plugin of a cluster with Entra: it holds no credential, whether
local accounts are disabled or not. The built-in Azure has no API server: the authority is one that
nobody has the key of.
"""

import base64
import json
from datetime import timedelta

from provisioner.model.resource_id import ResourceId
from provisioner.simulator.bodies.body_paths import value_at
from provisioner.simulator.protocol.errors import RefusalError, resource_not_found
from provisioner.simulator.protocol.exchange import Answer, Request
from provisioner.simulator.state.cloud import TENANT, Cloud

_SERVER = "6dae42f8-4368-4678-94ff-3960e28e3630"
_CLIENT = "80faf920-1908-4b52-b5ef-a8e7bedfc67a"
"""AKS' server and client applications in Entra, the same in every tenant."""


def list_user_credential(cloud: Cloud, request: Request, **_place: str) -> Answer:
    """Answer the kubeconfig of a cluster, in base64 as YAML (JSON is YAML)."""
    cluster = ResourceId.parse(request.path.rstrip("/").rpartition("/")[0])
    row = cloud.find(cluster)
    if row is None:
        raise resource_not_found(cloud.canonical(cluster))
    host = value_at(row.body, "properties.privateFQDN") or value_at(row.body, "properties.fqdn")
    if value_at(row.body, "properties.aadProfile") is None:
        raise RefusalError(
            501, "NotSimulated", "The built-in Azure has no certificates of local accounts."
        )
    name, user = cluster.name, f"clusterUser_{cluster.resource_group}_{cluster.name}"
    authority = base64.b64encode(_make_authority(cloud)).decode()
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "kubelogin",
        "args": [
            "get-token", "--environment", "AzurePublicCloud", "--server-id", _SERVER,
            "--client-id", _CLIENT, "--tenant-id", TENANT, "--login", "devicecode",
        ],
        "env": None,
        "provideClusterInfo": False,
    }  # fmt: skip
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "clusters": [
            {
                "name": name,
                "cluster": {
                    "certificate-authority-data": authority,
                    "server": f"https://{host}:443",
                },
            }
        ],
        "contexts": [{"name": name, "context": {"cluster": name, "user": user}}],
        "users": [{"name": user, "user": {"exec": plugin}}],
    }
    value = base64.b64encode(json.dumps(config).encode()).decode()
    return Answer(200, {"kubeconfigs": [{"name": "clusterUser", "value": value}]})


def _make_authority(cloud: Cloud) -> bytes:
    """Return a certificate authority as PEM, whose key is thrown away."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ca")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(cloud.now())
        .not_valid_after(cloud.now() + timedelta(days=30 * 365))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)
