"""Signing in at an API server by Entra: azure-identity's own credential, an issuer on loopback in
Entra's place, and a real kube-apiserver that trusts its tokens as AKS trusts Entra's."""

import base64
import json
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest
from azure.identity import WorkloadIdentityCredential
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from cluster_tools.binaries import MINORS
from provisioner.azure.cluster_token import token_source
from provisioner.cli.cluster_access import ask_cluster
from provisioner.cli.session import Session
from provisioner.engine.cluster_port import ApiRequest
from provisioner.kube.client import KubeClient
from provisioner.kube.connection import Connection
from provisioner.model.diagnostic import DiagnosticError
from provisioner.model.kubernetes_error import KubernetesError
from tests.cluster.api_server import ApiServer, run_api_server
from tests.cluster.bench import Bench
from tests.cluster.test_drift import RBAC, binding, thing

TENANT = "6f1c2a34-9d0b-4c58-8e27-10a4b5c6d7e8"
AUDIENCE = "6dae42f8-4368-4678-94ff-3960e28e3630"
CLIENT = "1f0e2d3c-0a1b-4c2d-8e3f-405162738495"
OBJECT = "cccccccc-0000-4000-8000-000000000003"
PODS = ApiRequest("GET", "/api/v1/namespaces/kube-system/pods")


class Issuer(ThreadingHTTPServer):
    """What Entra does of OpenID Connect: its configuration, its keys, and a token for a token."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.authority = folder / "issuer.crt"
        self.asked: list[dict[str, list[str]]] = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(_certify(self.key, folder))
        self.socket = context.wrap_socket(self.socket, server_side=True)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    @property
    def url(self) -> str:
        return f"https://{self.host}/{TENANT}/v2.0"

    def answer(self, path: str, form: dict[str, list[str]]) -> dict[str, Any]:
        if path.endswith("openid-configuration"):
            return {
                "issuer": self.url,
                "authorization_endpoint": f"https://{self.host}/{TENANT}/oauth2/v2.0/authorize",
                "token_endpoint": f"https://{self.host}/{TENANT}/oauth2/v2.0/token",
                "jwks_uri": f"https://{self.host}/keys",
                "response_types_supported": ["id_token"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        if path.endswith("/keys"):
            public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
            return {"keys": [{**public, "kid": "one", "use": "sig", "alg": "RS256"}]}
        self.asked.append(form)
        now = int(time.time())
        claims = {"iss": self.url, "aud": form["scope"][0].partition("/")[0], "oid": OBJECT,
                  "sub": OBJECT, "iat": now, "exp": now + 600}  # fmt: skip
        token = jwt.encode(claims, self.key, "RS256", {"kid": "one"})
        return {"token_type": "Bearer", "expires_in": 600, "access_token": token}


class _Handler(BaseHTTPRequestHandler):
    server: Issuer

    def do_GET(self) -> None:
        self._answer({})

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self._answer(parse_qs(content))

    def log_message(self, *_arguments: object) -> None:
        pass

    def _answer(self, form: dict[str, list[str]]) -> None:
        content = json.dumps(self.server.answer(self.path.partition("?")[0], form)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _certify(key: rsa.RSAPrivateKey, folder: Path) -> Path:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "issuer")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    (folder / "issuer.crt").write_bytes(pem)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "issuer.pem").write_bytes(pem + private)
    return folder / "issuer.pem"


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issuer]:
    with Issuer(tmp_path_factory.mktemp("issuer")) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


@pytest.fixture(scope="module")
def trusting(issuer: Issuer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """An API server that takes tokens of the issuer for AKS' server application."""
    arguments = (
        f"--oidc-issuer-url={issuer.url}",
        f"--oidc-client-id={AUDIENCE}",
        f"--oidc-ca-file={issuer.authority}",
        "--oidc-username-claim=oid",
        "--oidc-username-prefix=-",
    )
    folder = tmp_path_factory.mktemp("trusting")
    with run_api_server(MINORS[0], folder, arguments) as running:
        rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]
        subjects = [{"kind": "User", "apiGroup": RBAC, "name": OBJECT}]
        running.apply(
            thing(f"{RBAC}/v1", "ClusterRole", "entra", rules=rules),
            binding("entra", None, "entra", subjects),
        )
        yield running


@pytest.fixture
def credential(
    issuer: Issuer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> WorkloadIdentityCredential:
    """The credential that workload identity and pipelines sign in with."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(issuer.authority))
    token = tmp_path / "token"
    token.write_text("the token of a service account", encoding="utf-8")
    return WorkloadIdentityCredential(
        tenant_id=TENANT,
        client_id=CLIENT,
        token_file_path=str(token),
        authority=issuer.host,
        disable_instance_discovery=True,
    )


def _connect(server: ApiServer, credential: WorkloadIdentityCredential) -> Connection:
    token = token_source(credential, "Entra")
    return Connection(server.url, "Entra", server.ca.read_bytes(), token)


def _wait(api: KubeClient) -> Any:
    """Ask until the API server has fetched the issuer's keys, which it does when it starts."""
    end = time.monotonic() + 30
    while True:
        try:
            return api.ask([PODS])[0]
        except KubernetesError:
            if time.monotonic() > end:
                raise
            time.sleep(0.5)


def test_a_token_of_entra_signs_in(
    issuer: Issuer, trusting: ApiServer, credential: WorkloadIdentityCredential
) -> None:
    connection = _connect(trusting, credential)
    with KubeClient(connection) as api:
        assert "items" in _wait(api)
        refused = api.ask([ApiRequest("GET", "/api/v1/secrets")])[0]
    assert isinstance(refused, KubernetesError)
    assert refused.is_forbidden
    assert f'User "{OBJECT}"' in refused.message
    asked = issuer.asked[0]
    assert asked["scope"][0].split()[0] == f"{AUDIENCE}/.default"
    assert asked["client_assertion"] == ["the token of a service account"]


def test_without_a_token_it_is_said_why(
    trusting: ApiServer, tmp_path: Path, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Refused(Issuer):
        def answer(self, path: str, form: dict[str, list[str]]) -> dict[str, Any]:
            if not form:
                return super().answer(path, form)
            return {"error": "invalid_client", "error_description": "AADSTS700213: No matching."}

    del issuer
    with Refused(tmp_path) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(running.authority))
        (tmp_path / "token").write_text("x", encoding="utf-8")
        credential = WorkloadIdentityCredential(
            tenant_id=TENANT, client_id=CLIENT, token_file_path=str(tmp_path / "token"),
            authority=running.host, disable_instance_discovery=True,
        )  # fmt: skip
        connection = _connect(trusting, credential)
        with KubeClient(connection) as api:
            (told,) = api.ask([PODS])
        running.shutdown()
    assert isinstance(told, KubernetesError)
    assert "AADSTS700213" in str(told)


def test_azure_says_where_the_cluster_is(tmp_path: Path, trusting: ApiServer) -> None:
    bench = Bench.open(trusting, tmp_path, add_ons=False)
    path = str(bench.folder / "environments/billing.yaml")
    state = str(tmp_path / "local.db")
    with Session(
        cloud="local", local_state=state, parallelism=4, realistic=None, quiet=True
    ) as session:
        desired = session.load(path)
        service = session.connect(desired.document)
        with pytest.raises(DiagnosticError) as refused:
            ask_cluster(desired, service)
        assert "where aks-contoso-billing is" in refused.value.diagnostics[0].message
        cluster = next(each for each in desired.graph if each.type.name.endswith("managedClusters"))
        group = cluster.id.scope
        service.request("PUT", group.text, "2021-04-01", {"location": "westeurope"})
        body = {
            "location": "westeurope",
            "identity": {"type": "SystemAssigned"},
            "properties": {
                "dnsPrefix": "aks",
                "aadProfile": {"managed": True, "enableAzureRBAC": True},
                "disableLocalAccounts": True,
                "agentPoolProfiles": [
                    {"name": "system", "count": 1, "vmSize": "Standard_D4ds_v5", "mode": "System"}
                ],
            },
        }
        service.request("PUT", cluster.id.text, cluster.type.api_version, body)
        server, authority = ask_cluster(desired, service)
    assert server.startswith("https://aks")
    assert server.endswith(".azmk8s.io:443")
    assert authority is not None
    assert x509.load_pem_x509_certificate(authority).subject.rfc4514_string() == "CN=ca"
    assert base64.b64encode(authority)
