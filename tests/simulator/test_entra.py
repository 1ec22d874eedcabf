"""Signing in: a client finds the authority, proves who it is, and gets a token that names it."""

import base64
import datetime
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from provisioner.catalog.registry import Catalog
from provisioner.simulator.access_options import Access
from provisioner.simulator.entra.directory import (
    OPERATOR_APPLICATION,
    OPERATOR_USER,
    Directory,
    Federation,
    Principal,
    PrincipalKind,
)
from provisioner.simulator.server import LocalAzure
from provisioner.simulator.tenancy import Tenancy
from tests.simulator.conftest import SIGNING_KEY
from tests.simulator.setting import GROUP, Caller, Reply, Setting, StandingClock

APP = "11111111-2222-3333-4444-555555555555"
PIPELINE = "5d9fa1a4-1d1f-4f5c-9c43-0d6a4a6d1a55"
ISSUER = "https://issuer.example"
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
EXCHANGE = "api://AzureADTokenExchange"


def post(here: Setting, path: str, **form: str) -> Reply:
    headers = {"Authorization": "", "Content-Type": "application/x-www-form-urlencoded"}
    return here.call.send_text("POST", path, urlencode(form), headers)


def token(here: Setting, **form: str) -> Reply:
    """The answer of the token endpoint of the home tenant to a form; "" leaves a field out."""
    whole = {
        "grant_type": "client_credentials",
        "client_id": APP,
        "client_secret": "any",
        "scope": f"{here.azure.endpoint}/.default",
    } | form
    path = f"/{here.azure.tenant}/oauth2/v2.0/token"
    return post(here, path, **{name: value for name, value in whole.items() if value})


def claims(reply: Reply, name: str = "access_token") -> dict[str, Any]:
    assert reply.status == 200, reply.body
    return dict(jwt.decode(reply.body[name], options={"verify_signature": False}))


def assertion(key: Any = "x" * 32, algorithm: str = "HS256", **changes: Any) -> dict[str, str]:
    """The fields of a form that proves an application by a federated token, good until 13:00."""
    content = {
        "iss": ISSUER, "sub": "system:serviceaccount:a:b", "aud": EXCHANGE, "exp": 1798808400,
    } | changes  # fmt: skip
    signed = jwt.encode(content, key, algorithm=algorithm)
    return {"client_secret": "", "client_assertion": signed, "client_assertion_type": JWT_BEARER}


def test_a_token_is_signed_by_a_key_that_the_metadata_lead_to(here: Setting) -> None:
    tenant = here.azure.tenant
    open_ = {"Authorization": ""}
    metadata = here.call("GET", f"/{tenant}/v2.0/.well-known/openid-configuration", None, open_)
    keys = here.call("GET", metadata.body["jwks_uri"], None, open_).body["keys"]
    issued = token(here).body["access_token"]
    signer = next(key for key in keys if key["kid"] == jwt.get_unverified_header(issued)["kid"])
    found = jwt.decode(
        issued,
        jwt.PyJWK(signer),
        audience=here.azure.endpoint,
        options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
    )

    now = int(here.clock.now().timestamp())
    assert found["iss"] == f"{here.azure.endpoint}/{tenant}/"
    assert (found["iat"], found["nbf"], found["exp"]) == (now, now, now + 3599)
    assert (found["tid"], found["appid"], found["idtyp"]) == (tenant, APP, "app")
    assert found["oid"] == found["sub"] != APP


def test_metadata_of_both_versions_name_the_tenant_or_stand_for_all(here: Setting) -> None:
    base, tenant = here.azure.endpoint, here.azure.tenant

    def issuer(path: str) -> str:
        reply = here.call("GET", f"/{path}/.well-known/openid-configuration", None,
                          {"Authorization": ""})  # fmt: skip
        return str(reply.body.get("issuer") or reply.body["error_description"][:11])

    assert issuer(tenant) == f"{base}/{tenant}/"
    assert issuer(f"{tenant}/v2.0") == f"{base}/{tenant}/v2.0"
    assert issuer("organizations/v2.0") == f"{base}/organizations/v2.0"
    assert issuer(f"{APP}/v2.0") == "AADSTS90002"


def test_instance_discovery_leads_to_the_metadata_of_the_tenant(here: Setting) -> None:
    asked = f"authorization_endpoint={here.azure.endpoint}/{here.azure.tenant}/oauth2/authorize"
    found = here.call("GET", f"/common/discovery/instance?api-version=1.1&{asked}", None,
                      {"Authorization": ""})  # fmt: skip
    assert found.body["tenant_discovery_endpoint"] == (
        f"{here.azure.endpoint}/{here.azure.tenant}/v2.0/.well-known/openid-configuration"
    )


def test_a_proxy_in_front_is_where_links_lead(here: Setting) -> None:
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "azure.test:8443, inner"}
    metadata = here.call("GET", "/metadata/endpoints?api-version=2022-09-01", None, headers).body
    assert metadata["resourceManager"] == "https://azure.test:8443"
    assert metadata["authentication"]["loginEndpoint"] == "https://azure.test:8443"
    headers = {"X-Forwarded-Host": "a b<c", "X-Forwarded-Proto": "javascript"}
    forged = here.call("GET", "/metadata/endpoints?api-version=2022-09-01", None, headers)
    assert forged.body["resourceManager"] == here.azure.endpoint


SHAPES = [("2015-01-01", dict), ("2018-05-01", list), ("2019-05-01", list), ("2020-06-01", dict),
          ("2022-09-01", dict), ("2023-11-01", dict)]  # fmt: skip


@pytest.mark.parametrize(("version", "shape"), SHAPES)
def test_metadata_have_the_shape_of_their_api_version(
    here: Setting, version: str, shape: type
) -> None:
    found = here.call("GET", f"/metadata/endpoints?api-version={version}", None,
                      {"Authorization": ""}).body  # fmt: skip
    assert isinstance(found, shape)


def test_the_first_version_names_a_resource_and_writes_numbers_as_text(here: Setting) -> None:
    reply = post(here, f"/{here.azure.tenant}/oauth2/token", grant_type="client_credentials",
                 client_id=APP, client_secret="any",
                 resource="https://management.azure.com/")  # fmt: skip
    now = int(here.clock.now().timestamp())
    assert claims(reply)["aud"] == reply.body["resource"] == "https://management.azure.com/"
    assert (reply.body["expires_in"], reply.body["expires_on"]) == ("3599", str(now + 3599))


def test_the_secret_may_come_in_the_header(here: Setting) -> None:
    basic = base64.b64encode(f"{APP}:any".encode()).decode()
    form = {"grant_type": "client_credentials", "scope": "https://management.azure.com//.default"}
    reply = here.call.send_text("POST", f"/{here.azure.tenant}/oauth2/v2.0/token",
                                urlencode(form), {"Authorization": f"Basic {basic}"})  # fmt: skip
    assert claims(reply)["aud"] == "https://management.azure.com/"


REFUSED: list[Any] = [
    pytest.param({"client_secret": ""}, 401, "invalid_client", 7000216, id="no secret"),
    pytest.param({"grant_type": "urn:ietf:params:oauth:grant-type:device_code"}, 400,
                 "unsupported_grant_type", 70003, id="another grant"),
    pytest.param({"grant_type": ""}, 400, "invalid_request", 900144, id="no grant"),
    pytest.param({"client_id": ""}, 400, "invalid_request", 900144, id="no client"),
    pytest.param({"scope": ""}, 400, "invalid_request", 900144, id="no scope"),
    pytest.param({"scope": "https://management.azure.com/user_impersonation"}, 400,
                 "invalid_scope", 1002012, id="a scope of a user"),
    pytest.param({"scope": "https://api.example/.default"}, 400, "invalid_resource", 500011,
                 id="an API that there is not"),
    pytest.param(assertion(exp=1798804800 - 301), 401, "invalid_client", 700024, id="expired"),
    pytest.param(assertion(exp="soon"), 400, "invalid_request", 50027, id="no time"),
    pytest.param(assertion(sub=7), 400, "invalid_request", 50027, id="no subject"),
    pytest.param(assertion() | {"client_assertion": "a.b"}, 400, "invalid_request", 50027,
                 id="no web token"),
    pytest.param(assertion() | {"client_assertion_type": "saml"}, 400, "invalid_request", 900144,
                 id="another kind of assertion"),
    pytest.param(assertion(iss=APP, sub=APP, aud="https://elsewhere.example/token"), 401,
                 "invalid_client", 700023, id="a certificate's, for another endpoint"),
]  # fmt: skip


@pytest.mark.parametrize(("form", "status", "error", "code"), REFUSED)
def test_who_does_not_prove_who_they_are_gets_no_token(
    here: Setting, form: dict[str, str], status: int, error: str, code: int
) -> None:
    refused = token(here, **form)
    assert (refused.status, refused.body["error"]) == (status, error)
    assert refused.body["error_codes"] == [code]
    assert refused.body["error_description"].startswith(f"AADSTS{code}: ")


def test_an_application_has_a_tenant(here: Setting) -> None:
    form = {"grant_type": "client_credentials", "client_id": APP, "client_secret": "any",
            "scope": f"{here.azure.endpoint}/.default"}  # fmt: skip
    assert post(here, "/organizations/oauth2/v2.0/token", **form).body["error_codes"] == [50059]
    assert post(here, f"/{APP}/oauth2/v2.0/token", **form).body["error_codes"] == [90002]


def test_a_user_signs_in_and_stays_so(here: Setting) -> None:
    client = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
    form = {
        "grant_type": "password",
        "client_id": client,
        "username": "Operator@local.invalid",
        "password": "any",
        "scope": f"{here.azure.endpoint}/.default openid offline_access",
    }
    signed = post(here, "/organizations/oauth2/v2.0/token", **form)  # fmt: skip
    found = claims(signed)
    assert (found["oid"], found["upn"]) == (OPERATOR_USER.object_id, OPERATOR_USER.user_name)
    assert (found["idtyp"], found["appid"], found["tid"]) == ("user", client, here.azure.tenant)
    assert claims(signed, "id_token")["preferred_username"] == OPERATOR_USER.user_name

    here.clock.advance(30 * 86400)
    again = {"grant_type": "refresh_token", "refresh_token": signed.body["refresh_token"],
             "scope": "https://graph.microsoft.com/.default"}  # fmt: skip
    renewed = post(here, f"/{here.azure.tenant}/oauth2/v2.0/token", **again)
    assert claims(renewed)["aud"] == "https://graph.microsoft.com"
    bearer = {"Authorization": f"Bearer {signed.body['refresh_token']}"}
    assert here.call("GET", GROUP, None, bearer).code == "InvalidAuthenticationTokenAudience"

    here.clock.advance(61 * 86400)
    late = post(here, f"/{here.azure.tenant}/oauth2/v2.0/token", **again)
    assert late.body["error_codes"] == [700082]
    nobody = post(here, "/common/oauth2/v2.0/token", **{**form, "username": "eve@contoso.example"})
    assert nobody.body["error_codes"] == [50034]


@pytest.fixture(scope="module")
def certificate() -> tuple[rsa.RSAPrivateKey, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "pipeline")])
    begins = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begins)
        .not_valid_after(begins + datetime.timedelta(days=800))
        .sign(key, hashes.SHA256())
    )
    return key, made.public_bytes(serialization.Encoding.PEM).decode()


@pytest.fixture
def staffed(run: Callable[..., Setting], certificate: tuple[rsa.RSAPrivateKey, str]) -> Setting:
    """A directory of a pipeline with a federation and a certificate, Ada, and two groups."""
    ada = Principal(PrincipalKind.USER, "a" * 8 + APP[8:], "Ada", user_name="ada@contoso.example")
    pipeline = Principal(
        PrincipalKind.APPLICATION,
        "b" * 8 + APP[8:],
        "pipeline",
        app_id=PIPELINE,
        application_object_id="c" * 8 + APP[8:],
        federations=(Federation(ISSUER, "repo:contoso/platform:ref:refs/heads/main"),),
        certificates=(certificate[1],),
    )
    inner = Principal(PrincipalKind.GROUP, "d" * 8 + APP[8:], "reviewers",
                      members=frozenset({ada.object_id}))  # fmt: skip
    outer = Principal(PrincipalKind.GROUP, "e" * 8 + APP[8:], "platform",
                      members=frozenset({inner.object_id, pipeline.object_id}))  # fmt: skip
    directory = Directory((ada, pipeline, inner, outer), is_closed=True)
    return run(access=Access(tenancy=Tenancy(directory=directory), signing_key=SIGNING_KEY))


MAIN = "repo:contoso/platform:ref:refs/heads/main"
FEDERATED: list[Any] = [
    pytest.param({"sub": MAIN}, None, id="as declared"),
    pytest.param({"sub": MAIN, "aud": ["other", EXCHANGE]}, None, id="one of its audiences"),
    pytest.param({"sub": MAIN.replace("main", "fork")}, 700213, id="another subject"),
    pytest.param({"sub": MAIN, "iss": "https://evil.example"}, 700211, id="another issuer"),
    pytest.param({"sub": MAIN, "aud": "api://other"}, 700212, id="another audience"),
]


@pytest.mark.parametrize(("changes", "code"), FEDERATED)
def test_a_federated_token_matches_what_was_declared(
    staffed: Setting, changes: dict[str, Any], code: int | None
) -> None:
    reply = token(staffed, client_id=PIPELINE, **assertion(**changes))
    assert reply.body.get("error_codes") == (None if code is None else [code])
    if code is None:
        assert claims(reply)["appidacr"] == "2"


def test_a_certificate_is_one_of_the_applications(
    staffed: Setting, certificate: tuple[rsa.RSAPrivateKey, str]
) -> None:
    endpoint = f"{staffed.azure.endpoint}/{staffed.azure.tenant}/oauth2/v2.0/token"
    own = {"iss": PIPELINE, "sub": PIPELINE, "aud": endpoint}
    good = token(staffed, client_id=PIPELINE, **assertion(certificate[0], "RS256", **own))
    assert claims(good)["appid"] == PIPELINE
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    bad = token(staffed, client_id=PIPELINE, **assertion(other, "RS256", **own))
    assert bad.body["error_codes"] == [700027]


def test_a_declared_directory_knows_nobody_else(staffed: Setting) -> None:
    assert token(staffed).body["error_codes"] == [700016]
    assert claims(token(staffed, client_id=OPERATOR_APPLICATION))["appid"] == OPERATOR_APPLICATION


@pytest.fixture
def graph(staffed: Setting) -> Callable[..., Any]:
    bearer = staffed.azure.issue_token(
        "a" * 8 + APP[8:], name="ada@contoso.example", audience=f"{staffed.azure.endpoint}/graph"
    )

    def ask(path: str, method: str = "GET", body: Any = None) -> Any:
        reply = staffed.call(method, f"/graph/v1.0/{path}", body,
                             {"Authorization": f"Bearer {bearer}"})  # fmt: skip
        return reply.body if reply.status == 200 else (reply.status, reply.code)

    return ask


def names(found: Any) -> list[str]:
    return sorted(each["displayName"] for each in found["value"])


LOOKED_UP = [
    ("users", "userPrincipalName eq 'Ada@contoso.example'", ["Ada"]),
    ("users", "startswith(displayName,'ad') and accountEnabled eq true", ["Ada"]),
    ("servicePrincipals", f"servicePrincipalNames/any(c:c eq '{PIPELINE}')", ["pipeline"]),
    ("servicePrincipals", f"appId in ('{PIPELINE}', '{APP}')", ["pipeline"]),
    ("applications", f"appId eq '{APP}' or displayName eq 'pipeline'", ["pipeline"]),
    ("groups", "not (displayName eq 'platform')", ["reviewers"]),
    ("groups", "displayName eq 'nobody'", []),
]


@pytest.mark.parametrize(("kind", "condition", "expected"), LOOKED_UP)
def test_principals_are_looked_up(
    graph: Callable[..., Any], kind: str, condition: str, expected: list[str]
) -> None:
    assert names(graph(f"{kind}?{urlencode({'$filter': condition})}")) == expected


def test_graph_answers_what_clients_of_azure_ask(graph: Callable[..., Any]) -> None:
    assert graph("me?$select=id,userPrincipalName")["userPrincipalName"] == "ada@contoso.example"
    assert graph(f"servicePrincipals(appId='{PIPELINE}')")["displayName"] == "pipeline"
    ids = ["a" * 8 + APP[8:], "b" * 8 + APP[8:], "e" * 8 + APP[8:], APP]
    found = graph("directoryObjects/getByIds", "POST", {"ids": ids})
    assert [(each["@odata.type"], each["displayName"]) for each in found["value"]] == [
        ("#microsoft.graph.user", "Ada"),
        ("#microsoft.graph.group", "platform"),
        ("#microsoft.graph.servicePrincipal", "pipeline"),
    ]
    only = graph("directoryObjects/getByIds", "POST", {"ids": ids, "types": ["group"]})
    assert names(only) == ["platform"]
    platform = "e" * 8 + APP[8:]
    assert names(graph(f"groups/{platform}/members")) == ["pipeline", "reviewers"]
    assert names(graph(f"groups/{platform}/transitiveMembers")) == ["Ada", "pipeline", "reviewers"]
    assert names(graph("users/ada@contoso.example/memberOf")) == ["reviewers"]
    assert names(graph("users/ada@contoso.example/transitiveMemberOf")) == ["platform", "reviewers"]
    asked = {"securityEnabledOnly": False}
    assert len(graph(f"users/{'a' * 8 + APP[8:]}/getMemberGroups", "POST", asked)["value"]) == 2


def test_graph_refuses_what_it_does_not_know(graph: Callable[..., Any]) -> None:
    unsupported = (400, "Request_UnsupportedQuery")
    assert graph(f"users?{urlencode({'$filter': 'city eq 1'})}") == unsupported
    assert graph(f"users?{urlencode({'$search': 'x'})}") == unsupported
    assert graph("users/nobody@contoso.example") == (404, "Request_ResourceNotFound")
    assert graph("users?$top=0") == (400, "BadRequest")
    assert graph("applications", "POST", {"displayName": "new"}) == (501, "notSupported")


def test_graph_takes_its_own_tokens_alone(staffed: Setting) -> None:
    bearer = {"Authorization": f"Bearer {staffed.azure.issue_token(APP)}"}
    refused = staffed.call("GET", "/graph/v1.0/users", None, bearer)
    assert (refused.status, refused.code) == (401, "InvalidAuthenticationTokenAudience")


def test_the_identity_of_a_workload_signs_in_by_its_federation(real_catalog: Catalog) -> None:
    """A managed identity with a federated credential, both resources, as a pod would use it."""
    clock = StandingClock()
    access = Access(enforces_roles=True, signing_key=SIGNING_KEY)
    with LocalAzure.start(real_catalog, None, clock=clock, access=access) as azure:
        here = Setting(azure, Caller(azure.endpoint), clock)
        here.call.create_group()
        identity = "Microsoft.ManagedIdentity/userAssignedIdentities/id-pod"
        made = here.call("PUT", f"{identity}?api-version=2024-11-30", {"location": "westeurope"})
        assert made.status == 201, made.body
        client = made.body["properties"]["clientId"]
        before = token(here, client_id=client, **assertion())
        assert before.body["error_codes"] == [700211]
        credential = {"properties": {"issuer": ISSUER, "subject": "system:serviceaccount:a:b",
                                     "audiences": [EXCHANGE]}}  # fmt: skip
        path = f"{identity}/federatedIdentityCredentials/pod?api-version=2024-11-30"
        assert here.call("PUT", path, credential).status == 201
        signed = token(here, client_id=client, **assertion())
        assert claims(signed)["oid"] == made.body["properties"]["principalId"]
        secret = token(here, client_id=client)
        assert secret.body["error_codes"] == [7000215]

        bearer = {"Authorization": f"Bearer {signed.body['access_token']}"}
        refused = here.call("GET", GROUP, None, bearer)
        assert refused.code == "AuthorizationFailed"
        assert f"The client '{client}' with object id" in json.dumps(refused.body)
        here.call.close()
