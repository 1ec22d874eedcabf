"""Client assertions: signed tokens that an application presents instead of a secret.

Source: "Microsoft identity platform application authentication certificate credentials" (`iss` and
`sub` are the client id, `aud` is the token endpoint), "Workload identity federation" (issuer,
subject and audience match a federated identity credential), and the AADSTS codes of each.

The keys of other issuers are not fetched, since this server opens no connection to another machine.
So the signature of a federated token is not verified; its claims and times are.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from provisioner.simulator.entra.audiences import Api, find_api
from provisioner.simulator.entra.authority import LONGEST_TOKEN, Authority, TenantEndpoint
from provisioner.simulator.entra.directory import Principal
from provisioner.simulator.entra.grant_errors import GrantError, InvalidClientError

if TYPE_CHECKING:
    from jwt.types import Options

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ALGORITHMS = ["RS256", "PS256"]
_SKEW = 300


def check_assertion(
    authority: Authority, endpoint: TenantEndpoint, client: Principal, token: str
) -> None:
    """Check the assertion of an application.

    A malformed, expired or unmatched assertion is a GrantError.
    """
    claims, header = _decode_unverified(token)
    _check_times(authority, claims)
    if claims.get("iss") == claims.get("sub") == client.app_id:
        _check_certificate(endpoint, client, token, claims, header)
    else:
        _check_federated(client, claims)


def _decode_unverified(token: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    import jwt

    try:
        if len(token) > LONGEST_TOKEN:
            raise ValueError("it is too long")
        decoded = jwt.decode_complete(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise GrantError("invalid_request", 50027, "JWT token is invalid or malformed.") from None
    return decoded["payload"], decoded["header"]


def _check_times(authority: Authority, claims: Mapping[str, Any]) -> None:
    now = authority.cloud.now().timestamp()
    expires, begins = _numeric_date(claims.get("exp")), _numeric_date(claims.get("nbf", 0))
    if expires + _SKEW <= now or begins - _SKEW > now:
        raise InvalidClientError(
            700024,
            "Client assertion is not within its valid time range. Current time: "
            f"{authority.cloud.stamp()}, expiry time of assertion {expires}.",
        )


def _numeric_date(moment: object) -> float:
    if isinstance(moment, bool) or not isinstance(moment, (int, float)):
        raise GrantError("invalid_request", 50027, "JWT token is invalid or malformed.")
    return moment


def _check_certificate(
    endpoint: TenantEndpoint,
    client: Principal,
    token: str,
    claims: Mapping[str, Any],
    header: Mapping[str, Any],
) -> None:
    """Check a token that an application signed, against its certificates.

    If none were declared, the certificate in the token's header (`x5c`) is used.

    Raises:
        InvalidClientError: the audience is not the token endpoint, or no certificate verifies the
            signature.
    """
    if not _is_for_token_endpoint(claims.get("aud"), endpoint):
        raise InvalidClientError(
            700023, "Client assertion audience claim does not match Realm issuer. Review the "
            "documentation at https://learn.microsoft.com/entra/identity-platform/"
            "certificate-credentials."
        )  # fmt: skip
    certificates = client.certificates
    if certificates is None:
        brought = header.get("x5c")
        certificates = tuple(map(_as_pem, brought[:1])) if isinstance(brought, list) else None
    if certificates is not None and not any(_signed_with(token, each) for each in certificates):
        raise InvalidClientError(
            700027,
            "The certificate with identifier used to sign the client assertion is not registered "
            "on application. [Reason - The key was not found.]",
        )


def _is_for_token_endpoint(audience: object, endpoint: TenantEndpoint) -> bool:
    if not isinstance(audience, str):
        return False
    parts = urlsplit(audience)
    origin = f"{parts.scheme}://{parts.netloc}"
    ends = ("/oauth2/v2.0/token", "/oauth2/token", "/", "/v2.0", "")
    is_here = find_api(origin, endpoint.base) is Api.RESOURCE_MANAGER
    return is_here and parts.path in {f"/{endpoint.tenant}{end}" for end in ends}


def _as_pem(content: object) -> str:
    return f"-----BEGIN CERTIFICATE-----\n{content}\n-----END CERTIFICATE-----\n"


def _signed_with(token: str, certificate: str) -> bool:
    import jwt
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.x509 import load_pem_x509_certificate

    options: Options = {
        "verify_aud": False, "verify_exp": False, "verify_nbf": False, "verify_iat": False,
    }  # fmt: skip
    try:
        key = load_pem_x509_certificate(certificate.encode()).public_key()
        if isinstance(key, RSAPublicKey):
            jwt.decode(token, key, algorithms=_ALGORITHMS, options=options)
            return True
    except (jwt.PyJWTError, ValueError):
        return False
    return False


def _check_federated(client: Principal, claims: Mapping[str, Any]) -> None:
    issuer, subject, audience = claims.get("iss"), claims.get("sub"), claims.get("aud")
    if not (isinstance(issuer, str) and isinstance(subject, str) and audience):
        raise GrantError("invalid_request", 50027, "JWT token is invalid or malformed.")
    known = client.federations
    if known is None:
        return
    audiences = set(audience) if isinstance(audience, list) else {audience}
    by_issuer = [each for each in known if each.issuer == issuer]
    by_subject = [each for each in by_issuer if each.subject == subject]
    if not by_issuer:
        raise FederationMismatchError(700211, "issuer", issuer)
    if not by_subject:
        raise FederationMismatchError(700213, "subject", subject)
    if all(audiences.isdisjoint(each.audiences) for each in by_subject):
        raise FederationMismatchError(700212, "audience", str(audience))


class FederationMismatchError(InvalidClientError):
    """No federated identity credential matches the issuer, subject or audience of an assertion."""

    def __init__(self, number: int, what: str, found: str) -> None:
        super().__init__(
            number,
            f"No matching federated identity record found for presented assertion {what} "
            f"'{found}'. Check your federated identity credential Subject, Audience and Issuer "
            "against the presented assertion.",
        )
