"""Who calls the built-in Azure is what their token says, and the local operator where it says
nothing."""

import base64
import json

import pytest

from provisioner.simulator.entra.caller import LOCAL_OPERATOR, Caller, read_caller
from provisioner.simulator.protocol.exchange import Request

OBJECT = "0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9"
CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"


def token(**claims: object) -> str:
    """A JSON Web Token with these claims, and a signature that nobody verifies."""
    parts = [json.dumps(part).encode() for part in ({"alg": "none"}, claims)]
    return ".".join([*(base64.urlsafe_b64encode(p).rstrip(b"=").decode() for p in parts), "x"])


def request(authorization: str) -> Request:
    return Request("GET", "/", {}, {"authorization": authorization}, b"", "http://127.0.0.1")


NAMED = [
    pytest.param(
        {"oid": OBJECT.upper(), "appid": CLI, "upn": "ada@contoso.com", "tid": "t"},
        Caller(OBJECT, "ada@contoso.com", CLI, "t", is_person=True),
        id="a person signed in with the Azure CLI",
    ),
    pytest.param(
        {"oid": OBJECT, "appid": CLI, "tid": "t"},
        Caller(OBJECT, CLI, CLI, "t"),
        id="a service principal",
    ),
    pytest.param(
        {
            "http://schemas.microsoft.com/identity/claims/objectidentifier": OBJECT,
            "azp": CLI,
            "preferred_username": "ada@contoso.com",
            "tid": "t",
        },
        Caller(OBJECT, "ada@contoso.com", CLI, "t", is_person=True),
        id="a token of version 2",
    ),
]


@pytest.mark.parametrize(("claims", "caller"), NAMED)
def test_the_claims_of_a_token_name_the_caller(claims: dict[str, object], caller: Caller) -> None:
    assert read_caller(request(f"Bearer {token(**claims)}")) == caller


NAMELESS = [
    pytest.param("Bearer local", id="no JSON Web Token"),
    pytest.param("", id="no header"),
    pytest.param("Basic a.b.c", id="another scheme"),
    pytest.param(f"Bearer {token(upn='ada@contoso.com')}", id="no object id"),
    pytest.param("Bearer a.%%%.c", id="no base64"),
    pytest.param("Bearer e30." + base64.b64encode(b"[" * 5000).decode() + ".c", id="deep JSON"),
    pytest.param("Bearer a." + "e" * 20_000 + ".c", id="longer than any token"),
]


@pytest.mark.parametrize("authorization", NAMELESS)
def test_whoever_says_nothing_is_the_local_operator(authorization: str) -> None:
    assert read_caller(request(authorization)) is LOCAL_OPERATOR
