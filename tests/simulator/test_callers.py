"""Who calls the built-in Azure is whom a token that it issued names, and the local operator where
the token is none."""

import base64
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import jwt
import pytest

from provisioner.catalog.registry import Catalog
from provisioner.simulator.access_options import Access
from provisioner.simulator.entra.directory import Directory, Principal, PrincipalKind
from provisioner.simulator.entra.signing import SigningKey
from provisioner.simulator.server import LocalAzure
from provisioner.simulator.tenancy import StatedSubscription, Tenancy
from tests.principals import object_id
from tests.simulator.conftest import SIGNING_KEY
from tests.simulator.setting import (
    GROUP,
    SUBSCRIPTION,
    Caller,
    Reply,
    Setting,
    StandingClock,
)

OTHER_TENANT = "0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9"
ELSEWHERE = "22222222-2222-2222-2222-222222222222"
ADA = object_id("ada@contoso.com")


def write(here: Setting, token: str, path: str = "Contoso.Fabric/nets/n") -> Reply:
    body = {"location": "westeurope", "properties": {"range": "10.0.0.0/16"}}
    return here.call("PUT", path, body, {"Authorization": f"Bearer {token}"})


def unsigned(**claims: object) -> str:
    parts = [json.dumps(part).encode() for part in ({"alg": "none"}, claims)]
    return ".".join([*(base64.urlsafe_b64encode(p).rstrip(b"=").decode() for p in parts), ""])


@pytest.fixture(scope="module")
def azure(real_catalog: Catalog) -> Iterator[Setting]:
    clock = StandingClock()
    access = Access(signing_key=SIGNING_KEY)
    with LocalAzure.start(real_catalog, None, clock=clock, access=access) as azure:
        call = Caller(azure.endpoint)
        call.create_group()
        yield Setting(azure, call, clock)
        call.close()


def make_registry(here: Setting, name: str, headers: dict[str, str]) -> dict[str, Any]:
    """Return what the system data of a registry says of who made it."""
    path = f"Microsoft.ContainerRegistry/registries/{name}?api-version=2025-11-01"
    body = {"location": "westeurope", "sku": {"name": "Premium"}}
    made = here.call("PUT", path, body, headers)
    assert made.status in (200, 201), made.body
    return dict(here.call("GET", path).body["systemData"])


def test_a_resource_was_made_by_whom_the_token_names(azure: Setting) -> None:
    pipeline = "5d9fa1a4-1d1f-4f5c-9c43-0d6a4a6d1a55"
    by_ada = make_registry(azure, "acrada1", azure.bearer("ada@contoso.com with Azure CLI"))
    by_pipeline = make_registry(azure, "acrpipe1", azure.bearer(f"pipeline with {pipeline}"))
    touched = make_registry(azure, "acrada1", azure.bearer(f"pipeline with {pipeline}"))

    assert (by_ada["createdBy"], by_ada["createdByType"]) == ("ada@contoso.com", "User")
    assert (by_pipeline["createdBy"], by_pipeline["createdByType"]) == (pipeline, "Application")
    assert (touched["createdBy"], touched["lastModifiedBy"]) == ("ada@contoso.com", pipeline)


OPAQUE = ["local", "a.b", "a.%%%.c", "e30", "a..", "not.a.token"]


@pytest.mark.parametrize("token", OPAQUE)
def test_what_is_no_web_token_is_the_local_operators(azure: Setting, token: str) -> None:
    made = make_registry(azure, "acrlocal1", {"Authorization": f"Bearer {token}"})
    assert made["createdBy"] == "local"


def tampered(token: str) -> str:
    head, claims, signature = token.split(".")
    content = json.loads(base64.urlsafe_b64decode(claims + "=="))
    content["oid"] = object_id("root@contoso.com")
    changed = base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")
    return f"{head}.{changed}.{signature}"


FOREIGN: list[Any] = [
    pytest.param(lambda _here: unsigned(oid=ADA), "InvalidAuthenticationToken", id="unsigned"),
    pytest.param(
        lambda here: tampered(here.azure.issue_token(ADA)), "InvalidAuthenticationToken",
        id="claims that were changed",
    ),
    pytest.param(
        lambda here: SigningKey().sign({"oid": ADA, "aud": here.azure.endpoint}),
        "InvalidAuthenticationToken", id="another key",
    ),
    pytest.param(
        lambda here: jwt.encode(
            {"oid": ADA, "aud": here.azure.endpoint}, "k" * 32, algorithm="HS256"
        ),
        "InvalidAuthenticationToken", id="another algorithm",
    ),
    pytest.param(
        lambda here: here.azure.issue_token(ADA, lifetime=timedelta(0)),
        "ExpiredAuthenticationToken", id="expired",
    ),
    pytest.param(
        lambda here: here.azure.issue_token(ADA, audience="https://vault.azure.net"),
        "InvalidAuthenticationTokenAudience", id="for a vault",
    ),
    pytest.param(
        lambda here: here.azure.issue_token(ADA, audience=f"{here.azure.endpoint}/graph"),
        "InvalidAuthenticationTokenAudience", id="for Graph",
    ),
    pytest.param(
        lambda here: here.azure.issue_token(ADA, tenant=OTHER_TENANT),
        "InvalidAuthenticationTokenTenant", id="of another tenant",
    ),
    pytest.param(lambda _here: "e30." + "A" * 20_000 + ".c", "InvalidAuthenticationToken",
                 id="longer than any token"),
]  # fmt: skip


@pytest.mark.parametrize(("forge", "code"), FOREIGN)
def test_a_token_that_is_not_good_here_is_challenged(
    here: Setting, forge: Callable[[Setting], str], code: str
) -> None:
    refused = write(here, forge(here))

    assert (refused.status, refused.code) == (401, code)
    challenge = refused.headers["www-authenticate"]
    assert challenge.startswith(
        f'Bearer authorization_uri="{here.azure.endpoint}/{here.azure.tenant}", '
        'error="invalid_token", error_description="'
    )
    assert here.call("GET", "Contoso.Fabric/nets/n").status == 404


def test_without_a_token_the_challenge_says_where_one_is_to_be_had(here: Setting) -> None:
    refused = here.call("GET", GROUP, headers={"Authorization": ""})
    assert (refused.status, refused.code) == (401, "AuthenticationFailed")
    assert f'authorization_uri="{here.azure.endpoint}/' in refused.headers["www-authenticate"]


def test_a_token_is_good_until_it_expires(here: Setting) -> None:
    token = here.azure.issue_token(ADA)
    here.clock.advance(3598)
    assert write(here, token).status in (200, 201, 202)
    here.clock.advance(2)
    assert write(here, token).code == "ExpiredAuthenticationToken"


def test_a_token_opens_the_subscriptions_of_its_tenant(run: Callable[..., Setting]) -> None:
    stated = (
        StatedSubscription(SUBSCRIPTION, "ours"),
        StatedSubscription(ELSEWHERE, "theirs", OTHER_TENANT),
    )
    here = run(access=Access(tenancy=Tenancy("f" * 8 + SUBSCRIPTION[8:], stated),
                             signing_key=SIGNING_KEY))  # fmt: skip
    token = here.azure.issue_token(ADA, tenant=OTHER_TENANT)
    bearer = {"Authorization": f"Bearer {token}"}

    listed = here.call("GET", "/subscriptions", headers=bearer).body["value"]
    assert [(each["displayName"], each["tenantId"]) for each in listed] == [
        ("theirs", OTHER_TENANT)
    ]
    refused = here.call("GET", GROUP, headers=bearer)
    assert refused.code == "InvalidAuthenticationTokenTenant"
    assert f"/{here.azure.tenant}'" in refused.body["error"]["message"]
    assert len(here.call("GET", "/tenants").body["value"]) == 2


def test_members_of_a_group_and_of_groups_in_it_are_its_members() -> None:
    inner = Principal(PrincipalKind.GROUP, "inner", "inner", members=frozenset({"ada", "outer"}))
    outer = Principal(PrincipalKind.GROUP, "outer", "outer", members=frozenset({"inner", "bob"}))
    directory = Directory((inner, outer))

    assert directory.groups_of("ada") == {"inner", "outer"}
    assert directory.groups_of("bob") == {"outer", "inner"}, "each of the two is in the other"
    assert directory.groups_of("eve") == frozenset()
