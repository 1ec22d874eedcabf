"""The token endpoints (v1 and v2): authenticated clients and users get tokens.

Source: "OAuth 2.0 client credentials flow", "OAuth 2.0 Resource Owner Password Credentials", "OAuth
2.0 authorization code flow" (refreshing), the error codes of Entra. Flows of a person in a browser
(authorization code, device code) are not simulated.

Secrets and passwords are neither verified nor stored: any that is not empty is accepted. Assertions
are verified (`assertions`).
"""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from urllib.parse import parse_qs, unquote_plus

from provisioner.model.values import Json
from provisioner.simulator.entra.assertions import TYPE, check_assertion
from provisioner.simulator.entra.audiences import Api, find_api, resource_of
from provisioner.simulator.entra.authority import LIFETIME, Authority, Client, TenantEndpoint
from provisioner.simulator.entra.directory import (
    Principal,
    PrincipalKind,
    all_principals,
    find_application,
)
from provisioner.simulator.entra.grant_errors import (
    GrantError,
    InvalidClientError,
    answer_grant_error,
)
from provisioner.simulator.entra.signing import InvalidTokenError
from provisioner.simulator.protocol.http_messages import Answer, Request

_SECONDS = int(LIFETIME.total_seconds())
_REFRESH = "azsec:refresh"
"""The audience of refresh tokens: no API takes them."""
_REFRESH_LIFETIME = timedelta(days=90)
SHARED_TENANTS = frozenset({"common", "organizations", "consumers"})
"""Names in the path instead of a tenant: the user's own."""


def answer_token_v2(authority: Authority, request: Request, tenant: str) -> Answer:
    """Answer POST /TENANT/oauth2/v2.0/token."""
    return _answer_token(authority, request, tenant, version=2)


def answer_token_v1(authority: Authority, request: Request, tenant: str) -> Answer:
    """Answer POST /TENANT/oauth2/token."""
    return _answer_token(authority, request, tenant, version=1)


def _answer_token(authority: Authority, request: Request, tenant: str, version: int) -> Answer:
    try:
        form = _read_form(request)
        grant = form.get("grant_type", "")
        handler = _GRANTS.get(grant)
        if not grant:
            raise MissingParameterError("grant_type")
        if handler is None:
            raise GrantError(
                "unsupported_grant_type",
                70003,
                f"The app requested an unsupported grant type '{grant}'.",
            )
        endpoint = find_tenant_endpoint(authority, request.base, tenant)
        body = handler(authority, endpoint, form, version)
    except GrantError as problem:
        return answer_grant_error(authority.cloud, problem)
    return Answer(200, body, {"Cache-Control": "no-store", "Pragma": "no-cache"})


def find_tenant_endpoint(authority: Authority, base: str, tenant: str) -> TenantEndpoint:
    """Return the token endpoint of a tenant.

    Raises:
        GrantError: this cloud does not have the tenant.
    """
    folded = tenant.lower()
    if folded in authority.cloud.tenants or folded in SHARED_TENANTS:
        return TenantEndpoint(base, folded)
    raise GrantError(
        "invalid_request",
        90002,
        f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are "
        "signing into the correct cloud. This built-in Azure has the tenants "
        f"{', '.join(authority.cloud.tenants)} (`azsec local serve --tenant`).",
    )


def _read_form(request: Request) -> dict[str, str]:
    """Return the fields of a form, with the client of an `Authorization: Basic` header.

    Raises:
        GrantError: the body is no form.
        InvalidClientError: the header is malformed.
    """
    try:
        text = request.content.decode()
        form = {name: values[0] for name, values in parse_qs(text, max_num_fields=100).items()}
    except ValueError:
        raise GrantError("invalid_request", 900144, "The request body is no form.") from None
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise InvalidClientError(7000218, "The Authorization header is malformed.") from None
        form.setdefault("client_id", unquote_plus(name))
        form.setdefault("client_secret", unquote_plus(secret))
    return form


def _grant_to_application(
    authority: Authority, endpoint: TenantEndpoint, form: Mapping[str, str], version: int
) -> Json:
    if endpoint.tenant in SHARED_TENANTS:
        raise GrantError(
            "invalid_request",
            50059,
            "No tenant-identifying information found in either the request or implied by any "
            "provided credentials.",
        )
    app_id = form.get("client_id", "").lower()
    if not app_id:
        raise MissingParameterError("client_id")
    principal = find_application(authority.directory, authority.cloud, app_id)
    if principal is None:
        raise GrantError(
            "unauthorized_client",
            700016,
            f"Application with identifier '{app_id}' was not found in the directory "
            f"'{endpoint.tenant}'. This can happen if the application has not been installed by "
            "the administrator of the tenant or consented to by any user in the tenant.",
        )
    client = _authenticate_client(authority, endpoint, principal, form)
    audience = _audience_of(form, endpoint, version, needs_default=True)
    token = authority.issue(endpoint, audience, principal, client)
    return _token_response(authority, token, audience, version)


def _authenticate_client(
    authority: Authority,
    endpoint: TenantEndpoint,
    principal: Principal,
    form: Mapping[str, str],
) -> Client:
    """Return the client that a form authenticates.

    Raises:
        MissingParameterError: the type of its assertion is absent.
        InvalidClientError: it has neither secret nor assertion, or is a managed identity.
    """
    app_id = principal.app_id or ""
    assertion = form.get("client_assertion")
    if assertion:
        if form.get("client_assertion_type") != TYPE:
            raise MissingParameterError("client_assertion_type")
        check_assertion(authority, endpoint, principal, assertion)
        return Client(app_id, "2")
    if not form.get("client_secret"):
        raise InvalidClientError(
            7000216,
            "'client_assertion', 'client_secret' or 'request' is required for the "
            "'client_credentials' grant type.",
        )
    # Managed identities have no credentials of their own; a user-assigned one takes federated
    # tokens.
    if principal.managed is not None:
        raise InvalidClientError(
            7000215,
            f"Invalid client secret provided: '{app_id}' is a managed identity, and has none.",
        )
    return Client(app_id, "1")


def _grant_to_user(
    authority: Authority, endpoint: TenantEndpoint, form: Mapping[str, str], version: int
) -> Json:
    app_id, name = form.get("client_id", "").lower(), form.get("username", "")
    for field in ("client_id", "username", "password"):
        if not form.get(field):
            raise MissingParameterError(field)
    user = authority.directory.find_user(name)
    if user is None:
        raise GrantError(
            "invalid_grant",
            50034,
            f"The user account {name} does not exist in the {endpoint.tenant} directory. To sign "
            "into this application, the account must be added to the directory.",
        )
    own = TenantEndpoint(endpoint.base, _own_tenant(authority, endpoint))
    return _user_token_response(authority, own, form, version, user, app_id)


def _grant_refresh(
    authority: Authority, endpoint: TenantEndpoint, form: Mapping[str, str], version: int
) -> Json:
    token = form.get("refresh_token")
    if not token:
        raise MissingParameterError("refresh_token")
    try:
        claims = authority.read(token)
    except InvalidTokenError:
        claims = {}
    expired = claims.get("exp", 0) <= authority.cloud.now().timestamp()
    holder = next(
        (
            each
            for each in all_principals(authority.directory, authority.cloud)
            if each.object_id == claims.get("oid") and each.kind is PrincipalKind.USER
        ),
        None,
    )
    if claims.get("aud") != _REFRESH or expired or holder is None:
        raise GrantError(
            "invalid_grant",
            700082 if expired and claims else 9002313,
            "The refresh token has expired due to inactivity."
            if expired and claims
            else "Invalid request. Request is malformed or invalid.",
        )
    own = TenantEndpoint(endpoint.base, str(claims["tid"]))
    return _user_token_response(authority, own, form, version, holder, str(claims["appid"]))


def _user_token_response(
    authority: Authority,
    endpoint: TenantEndpoint,
    form: Mapping[str, str],
    version: int,
    user: Principal,
    app_id: str,
) -> Json:
    """Return the response for a user: access token, id token and refresh token."""
    audience = _audience_of(form, endpoint, version, needs_default=False)
    token = authority.issue(endpoint, audience, user, Client(app_id, "0"))
    person = {"name": user.name, "oid": user.object_id, "sub": user.object_id}
    identity = {**person, "aud": app_id, "iss": f"{endpoint.url}/v2.0", "ver": "2.0",
                "preferred_username": user.user_name}  # fmt: skip
    refresh = {"aud": _REFRESH, "oid": user.object_id, "appid": app_id}
    ids = json.dumps({"uid": user.object_id, "utid": endpoint.tenant}).encode()
    return {
        **_token_response(authority, token, audience, version),
        "scope": form.get("scope", "") if version == 2 else "user_impersonation",
        "refresh_token": authority.sign(endpoint, refresh, _REFRESH_LIFETIME),
        "id_token": authority.sign(endpoint, identity),
        "client_info": base64.urlsafe_b64encode(ids).decode().rstrip("="),
        "foci": "1",
    }


def _token_response(
    authority: Authority, token: str, audience: str, version: int
) -> dict[str, Json]:
    now = int(authority.cloud.now().timestamp())
    if version == 2:
        return {
            "token_type": "Bearer",
            "expires_in": _SECONDS,
            "ext_expires_in": _SECONDS,
            "access_token": token,
        }
    # The first version writes its numbers as text.
    return {
        "token_type": "Bearer",
        "expires_in": str(_SECONDS),
        "ext_expires_in": str(_SECONDS),
        "expires_on": str(now + _SECONDS),
        "not_before": str(now),
        "resource": audience,
        "access_token": token,
    }


def _audience_of(
    form: Mapping[str, str], endpoint: TenantEndpoint, version: int, *, needs_default: bool
) -> str:
    """Return the audience of the token that a form requests.

    Raises:
        MissingParameterError: there is no scope or resource.
        GrantError: the scope is not `/.default` where it must be, or the API is unknown.
    """
    if version == 1:
        resource = form.get("resource", "")
        if not resource:
            raise MissingParameterError("resource")
    else:
        scope = form.get("scope", "")
        if not scope:
            raise MissingParameterError("scope")
        resource, is_default = resource_of(scope)
        if needs_default and not is_default:
            raise GrantError(
                "invalid_scope",
                1002012,
                f"The provided value for scope {scope} is not valid. Client credential flows must "
                "have a scope value with /.default suffixed to the resource identifier "
                "(application ID URI).",
            )
    if not resource:
        return endpoint.base
    api = find_api(resource, endpoint.base)
    if api is None:
        known = ", ".join(each.value for each in Api)
        raise GrantError(
            "invalid_resource",
            500011,
            f"The resource principal named {resource} was not found in the tenant named "
            f"{endpoint.tenant}. This can happen if the application has not been installed by the "
            "administrator of the tenant or consented to by any user in the tenant. (The built-in "
            f"Azure issues tokens for {known}.)",
        )
    return resource


def _own_tenant(authority: Authority, endpoint: TenantEndpoint) -> str:
    return authority.cloud.home_tenant if endpoint.tenant in SHARED_TENANTS else endpoint.tenant


class MissingParameterError(GrantError):
    """A required parameter of a token request is absent."""

    def __init__(self, field: str) -> None:
        super().__init__(
            "invalid_request",
            900144,
            f"The request body must contain the following parameter: '{field}'.",
        )


_GRANTS: Mapping[str, Callable[[Authority, TenantEndpoint, Mapping[str, str], int], Json]] = {
    "client_credentials": _grant_to_application,
    "password": _grant_to_user,
    "refresh_token": _grant_refresh,
}
