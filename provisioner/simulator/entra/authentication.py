"""Authentication of requests: verification of the access token, and the caller it identifies.

Source: the challenges and codes of Azure Resource Manager as its clients' own tests quote them
(azcore's `TestAuthenticateChallenge`: `Bearer authorization_uri=…, error=…, error_description=…`),
"Common Azure deployment errors" (InvalidAuthenticationTokenTenant), RFC 6750.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from provisioner.simulator.entra.audiences import RESOURCE_MANAGER_NAMES, Api, find_api
from provisioner.simulator.entra.authority import (
    LONGEST_TOKEN,
    Authority,
    TenantEndpoint,
    is_web_token,
)
from provisioner.simulator.entra.signing import InvalidTokenError
from provisioner.simulator.protocol.caller import Caller
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.protocol.http_messages import Request

_NAMES = ("upn", "unique_name", "preferred_username")


def authenticate(authority: Authority, request: Request, api: Api) -> Caller | None:
    """Return the caller by the access token; None if the token is no JSON Web Token.

    Raises:
        ChallengeError: there is no token, it was not issued here, has expired, is for another API,
            or is of another tenant than the subscription.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    token = token.strip()
    tenant = _tenant_of(authority, request)
    if scheme.lower() != "bearer" or not token:
        raise ChallengeError(
            TenantEndpoint(request.base, tenant),
            "AuthenticationFailed",
            "Authentication failed. The 'Authorization' header is missing.",
            "The authentication failed because of missing 'Authorization' header.",
        )
    if not is_web_token(token):
        return None
    claims = _verified_claims(authority, request, token, TenantEndpoint(request.base, tenant))
    _check_audience(request, claims, api, tenant)
    _check_tenant(authority, request, claims, tenant)
    return _caller_of(authority, claims)


def _tenant_of(authority: Authority, request: Request) -> str:
    """Return the tenant whose tokens a request needs: the one of its subscription."""
    segments = request.path.split("/")
    has_subscription = len(segments) > 2 and segments[1].lower() == "subscriptions"
    cloud = authority.cloud
    return cloud.tenant_of(segments[2]) if has_subscription else cloud.home_tenant


def _verified_claims(
    authority: Authority, request: Request, token: str, endpoint: TenantEndpoint
) -> Mapping[str, Any]:
    try:
        if len(token) > LONGEST_TOKEN:
            raise InvalidTokenError("it is too long")
        claims = authority.read(token)
    except InvalidTokenError:
        raise ChallengeError(
            endpoint, "InvalidAuthenticationToken", "The access token is invalid."
        ) from None
    now = authority.cloud.now()
    expires, begins = _time_claim(claims, "exp"), _time_claim(claims, "nbf")
    if expires is None or now >= expires:
        raise ChallengeError(
            endpoint,
            "ExpiredAuthenticationToken",
            f"The access token expiry UTC time '{_format_time(expires or now)}' is earlier than "
            f"current UTC time '{_format_time(now)}'.",
        )
    if begins is not None and begins.timestamp() > now.timestamp() + 300:
        raise ChallengeError(
            endpoint, "InvalidAuthenticationToken", "The access token is not yet valid."
        )
    return claims


def _check_audience(request: Request, claims: Mapping[str, Any], api: Api, tenant: str) -> None:
    audience = claims.get("aud")
    if isinstance(audience, str) and find_api(audience, request.base) is api:
        return
    allowed = ",".join(f"'{name}'" for name in (f"{request.base}", *RESOURCE_MANAGER_NAMES))
    raise ChallengeError(
        TenantEndpoint(request.base, tenant),
        "InvalidAuthenticationTokenAudience",
        "The access token has been obtained for wrong audience or resource "
        f"'{audience}'. It should exactly match with one of the allowed audiences {allowed}.",
    )


def _check_tenant(
    authority: Authority, request: Request, claims: Mapping[str, Any], tenant: str
) -> None:
    """Check that a token is of the subscription's tenant, and of a tenant of this cloud.

    Raises:
        ChallengeError: it is not.
    """
    found = str(claims.get("tid", ""))
    segments = request.path.split("/")
    subscriptions = authority.cloud.store.subscriptions
    is_known = (
        len(segments) > 2
        and segments[1].lower() == "subscriptions"
        and subscriptions.get(segments[2].lower()) is not None
    )
    if found in authority.cloud.tenants and (found == tenant or not is_known):
        return
    endpoint = TenantEndpoint(request.base, tenant)
    raise ChallengeError(
        endpoint,
        "InvalidAuthenticationTokenTenant",
        f"The access token is from the wrong issuer '{claims.get('iss')}'. It must match the "
        f"tenant '{endpoint.issuer}' associated with this subscription. Please use the authority "
        f"(URL) '{endpoint.url}' to get the token.",
    )


def _caller_of(authority: Authority, claims: Mapping[str, Any]) -> Caller:
    object_id = str(claims.get("oid", "")).lower()
    name = next((found for key in _NAMES if (found := _text_claim(claims, key))), None)
    client = _text_claim(claims, "appid") or _text_claim(claims, "azp")
    return Caller(
        object_id,
        name or client or object_id,
        client,
        _text_claim(claims, "tid"),
        is_person=name is not None,
        groups=authority.directory.groups_of(object_id),
    )


class ChallengeError(RefusalError):
    """A request without a valid token: 401 with Azure's `WWW-Authenticate` challenge."""

    def __init__(
        self, endpoint: TenantEndpoint, code: str, message: str, description: str = ""
    ) -> None:
        shown = (description or message).replace('"', "'")
        super().__init__(
            401,
            code,
            message,
            headers={
                "WWW-Authenticate": (
                    f'Bearer authorization_uri="{endpoint.url}", error="invalid_token", '
                    f'error_description="{shown}"'
                )
            },
        )


def _text_claim(claims: Mapping[str, Any], name: str) -> str | None:
    value = claims.get(name)
    return value if isinstance(value, str) and value else None


def _time_claim(claims: Mapping[str, Any], name: str) -> datetime | None:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _format_time(moment: datetime) -> str:
    return f"{moment:%m/%d/%Y %H:%M:%S}"
