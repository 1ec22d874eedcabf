"""Tokens: which source gives one, and what a person reads when none does."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError

from provisioner.azure import credential
from provisioner.azure.cloud import AZURE, local_cloud
from provisioner.azure.credential import SharedToken, open_credential
from provisioner.azure.job_tokens import request_github_token, request_pipelines_token
from provisioner.model.diagnostic import DiagnosticError
from tests.unit.azure.scripted_server import Reply

TENANT = "22222222-2222-2222-2222-222222222222"
SECRET = "s3cr3t-value"


@pytest.fixture
def bare_machine(monkeypatch):
    """A machine without the Azure CLI, and nothing in the environment."""
    monkeypatch.setenv("PATH", "")
    for name in ("IDENTITY_ENDPOINT", "MSI_ENDPOINT", "AZURE_POD_IDENTITY_AUTHORITY_HOST"):
        monkeypatch.delenv(name, raising=False)


def refusal_of(auth, environ, tenant=TENANT):
    with pytest.raises(DiagnosticError) as raised:
        open_credential(auth, AZURE, tenant, environ)
    (diagnostic,) = raised.value.diagnostics
    assert diagnostic.code == "no-credential"
    assert SECRET not in str(diagnostic)
    return diagnostic


@pytest.mark.parametrize(
    ("auth", "environ", "tenant", "missing"),
    [
        pytest.param(
            "environment",
            {},
            "",
            "environment: AZURE_CLIENT_ID, AZURE_TENANT_ID, AZURE_CLIENT_SECRET (or "
            "AZURE_CLIENT_CERTIFICATE_PATH) not set",
            id="nothing is set",
        ),
        pytest.param(
            "workload-identity",
            {
                "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID": "c",
                "AZURESUBSCRIPTION_CLIENT_ID": "i",
                "SYSTEM_OIDCREQUESTURI": "https://example.org/oidctoken",
            },
            TENANT,
            "workload identity: SYSTEM_ACCESSTOKEN not set",
            id="a service connection without the job's token",
        ),
        pytest.param(
            "environment",
            {"AZURE_CLIENT_ID": "a"},
            TENANT,
            "environment: AZURE_CLIENT_SECRET (or AZURE_CLIENT_CERTIFICATE_PATH) not set",
            id="the tenant comes from the environment file",
        ),
        pytest.param(
            "environment",
            {"AZURE_CLIENT_ID": "a", "AZURE_CLIENT_CERTIFICATE_PATH": "absent.pem"},
            TENANT,
            "AZURE_CLIENT_CERTIFICATE_PATH cannot be used",
            id="a certificate that is not there",
        ),
        pytest.param(
            "workload-identity",
            {"AZURE_CLIENT_ID": "a", "ACTIONS_ID_TOKEN_REQUEST_URL": "https://x"},
            TENANT,
            "workload identity: AZURE_FEDERATED_TOKEN_FILE (or ACTIONS_ID_TOKEN_REQUEST_URL and "
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN) not set",
            id="a GitHub job without id-token permission",
        ),
    ],
)
def test_what_is_missing_is_named(auth, environ, tenant, missing):
    diagnostic = refusal_of(auth, environ, tenant)

    assert missing in diagnostic.message
    assert diagnostic.hint


def test_without_the_cli_its_absence_is_told(bare_machine):
    diagnostic = refusal_of("azure-cli", {})

    assert "Azure CLI: Azure CLI not found" in diagnostic.message
    assert "az login" in diagnostic.hint


def test_default_tells_every_source_that_it_tried(bare_machine, server, monkeypatch):
    # The identity endpoint of a machine without an identity answers 400.
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", server.endpoint)
    server.answer(
        "GET", "/metadata/identity/oauth2/token", *[Reply(400, {"error": "invalid_request"})] * 9
    )

    message = refusal_of("default", {"AZURE_CLIENT_SECRET": SECRET}).message

    order = ["environment: ", "workload identity: ", "managed identity: ", "Azure CLI: "]
    assert [message.index(name) for name in order] == sorted(map(message.index, order))
    assert "managed identity: ManagedIdentityCredential authentication unavailable" in message


def test_the_sdk_does_not_print_what_the_error_says_already():
    program = (
        "from provisioner.azure.credential import open_credential\n"
        "from provisioner.azure.cloud import AZURE\n"
        "from provisioner.model.diagnostic import DiagnosticError\n"
        "try:\n"
        "    open_credential('azure-cli', AZURE, '', {})\n"
        "except DiagnosticError:\n"
        "    pass\n"
    )
    environ = {"PATH": "", "PYTHONPATH": os.pathsep.join(sys.path)}

    run = subprocess.run(
        [sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=True
    )

    assert run.stderr == ""


def test_an_identity_of_the_machine_gives_a_token(bare_machine, server, monkeypatch):
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", server.endpoint)
    token = {"access_token": "t", "expires_in": "3600", "resource": "r", "token_type": "Bearer"}
    server.answer("GET", "/metadata/identity/oauth2/token", Reply(200, token))

    opened = open_credential("managed-identity", AZURE, TENANT, {})

    assert opened.get_token(AZURE.scope).token == "t"
    assert len(server.requests) == 1


def test_an_unknown_kind_is_told_the_nearest():
    with pytest.raises(DiagnosticError, match="Did you mean 'workload-identity'"):
        open_credential("workload_identity", AZURE, TENANT, {})


def test_the_local_cloud_needs_no_azure_identity():
    program = (
        "import sys\n"
        "from provisioner.azure.credential import open_credential\n"
        "from provisioner.azure.cloud import local_cloud\n"
        "token = open_credential('default', local_cloud('http://127.0.0.1:1'), '', {})\n"
        "assert token.get_token('x').token == 'local'\n"
        "sys.exit('azure.identity' in sys.modules)\n"
    )

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_github_gives_a_new_token_for_each_exchange(server):
    server.answer("GET", "/token", Reply(200, {"value": "jwt-1"}), Reply(200, {"value": "jwt-2"}))
    url = f"{server.endpoint}/token?api=1"

    tokens = [request_github_token(url, "bearer", AZURE.token_audience) for _ in range(2)]

    assert tokens == ["jwt-1", "jwt-2"]
    assert server.requests[0].query == {"api": "1", "audience": "api://AzureADTokenExchange"}
    assert server.requests[0].headers["Authorization"] == "Bearer bearer"


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(Reply(403, {"message": "no"}), id="refused"),
        pytest.param(Reply(200, {"other": 1}), id="no token in it"),
        pytest.param(Reply(200, "<html>"), id="not JSON"),
    ],
)
def test_github_that_gives_no_token_is_told_without_secrets(server, reply):
    server.answer("GET", "/token", reply)

    with pytest.raises(ClientAuthenticationError, match="gave no OIDC token") as raised:
        request_github_token(f"{server.endpoint}/token", SECRET, "audience")
    assert SECRET not in str(raised.value)


def test_the_job_token_of_github_does_not_travel_without_tls():
    with pytest.raises(ClientAuthenticationError, match="is not an HTTPS URL"):
        request_github_token("http://example.org/token", SECRET, "audience")


def test_azure_pipelines_gives_a_new_token_for_each_exchange(server):
    replies = Reply(200, {"oidcToken": "jwt-1"}), Reply(200, {"oidcToken": "jwt-2"})
    server.answer("POST", "/oidctoken", *replies)

    tokens = [
        request_pipelines_token(f"{server.endpoint}/oidctoken", "connection-id", "bearer")
        for _ in range(2)
    ]

    assert tokens == ["jwt-1", "jwt-2"]
    assert server.requests[0].query == {
        "api-version": "7.1",
        "serviceConnectionId": "connection-id",
    }
    assert server.requests[0].headers["Authorization"] == "Bearer bearer"


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(Reply(401), id="refused"),
        pytest.param(Reply(302, headers={"Location": "{endpoint}/_signin"}), id="page to sign in"),
        pytest.param(Reply(203, "<html>Sign In</html>"), id="page to sign in, at once"),
        pytest.param(Reply(200, {"value": "jwt"}), id="no token in it"),
    ],
)
def test_azure_pipelines_that_gives_no_token_is_told_without_secrets(server, reply):
    server.answer("POST", "/oidctoken", reply)

    with pytest.raises(ClientAuthenticationError, match="gave no OIDC token") as raised:
        request_pipelines_token(f"{server.endpoint}/oidctoken", "connection-id", SECRET)
    assert SECRET not in str(raised.value)


class SlowSource:
    """Gives numbered tokens that live for `seconds`, and takes its time."""

    def __init__(self, time, seconds=3600):
        self.time = time
        self.seconds = seconds
        self.given = 0
        self.asked_with = []

    def get_token(self, *_scopes, claims=None, **_options):
        threading.Event().wait(0.01)
        self.given += 1
        self.asked_with.append(claims)
        return AccessToken(f"t{self.given}", int(self.time.now) + self.seconds)


def test_parallel_requests_share_one_token(time):
    source = SlowSource(time)
    shared = SharedToken(source, time.clock)

    with ThreadPoolExecutor(8) as threads:
        tokens = list(threads.map(lambda _: shared.get_token("s").token, range(16)))

    assert set(tokens) == {"t1"}


def test_a_token_is_renewed_before_it_ends(time):
    shared = SharedToken(SlowSource(time), time.clock)
    shared.get_token("s")

    time.now += 3600 - 299

    assert shared.get_token("s").token == "t2"


def test_a_challenge_gets_a_new_token_with_its_claims(time):
    source = SlowSource(time)
    shared = SharedToken(source, time.clock)
    shared.get_token("s")

    assert shared.get_token("s", claims="c").token == "t2"
    assert source.asked_with == [None, "c"]


def test_local_needs_no_known_kind():
    token = open_credential("anything", local_cloud("http://127.0.0.1:1"), "", {})

    assert isinstance(token, credential.LocalToken)
