"""The authority of one built-in Azure, which issues access tokens and verifies them.

Source: "Access tokens in the Microsoft identity platform", "Access token claims reference". Azure
Resource Manager's tokens have version 1.0, whichever endpoint issued them, and so have these.
"""

import json
import uuid
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from provisioner.simulator.entra.directory import (
    EMPTY_DIRECTORY,
    Directory,
    Principal,
    PrincipalKind,
)
from provisioner.simulator.entra.signing import SigningKey
from provisioner.simulator.state.cloud import Cloud

LIFETIME = timedelta(seconds=3599)
"""How long an access token holds: Entra's are good for 60 to 90 minutes."""
LONGEST_TOKEN = 16 * 1024
"""Characters of a token that are looked at; Azure's own have about two thousand."""
_REMEMBERED = 1_000


@dataclass(frozen=True, slots=True)
class Client:
    """The application that requests a token, and how it authenticated.

    `proof` is the claim `appidacr`: 0 for a public client, 1 for a secret, 2 for an assertion.
    """

    app_id: str
    proof: str = "1"


@dataclass(frozen=True, slots=True)
class TenantEndpoint:
    """The endpoint of a token request: the origin of the client, and the tenant in its path."""

    base: str
    tenant: str

    @property
    def url(self) -> str:
        """The authority URL."""
        return f"{self.base}/{self.tenant}"

    @property
    def issuer(self) -> str:
        """The issuer of version 1.0 tokens, as in that version's OpenID metadata."""
        return f"{self.url}/"


@dataclass(frozen=True)
class Authority:
    """A cloud's directory and signing key.

    Verified tokens are cached by text: clients send the same token with every request.
    """

    cloud: Cloud
    directory: Directory = EMPTY_DIRECTORY
    key: SigningKey = field(default_factory=SigningKey)
    _verified: dict[str, Mapping[str, Any]] = field(default_factory=dict, init=False, repr=False)

    def issue(
        self, endpoint: TenantEndpoint, audience: str, principal: Principal, client: Client
    ) -> str:
        """Return an access token for an audience."""
        user = (
            {
                "name": principal.name,
                "scp": "user_impersonation",
                "unique_name": principal.user_name,
                "upn": principal.user_name,
            }
            if principal.kind is PrincipalKind.USER
            else {}
        )
        return self.sign(
            endpoint,
            {
                "aud": audience,
                "appid": client.app_id,
                "appidacr": client.proof,
                "idtyp": "user" if user else "app",
                "oid": principal.object_id,
                "sub": principal.object_id,
                **user,
            },
        )

    def sign(
        self,
        endpoint: TenantEndpoint,
        claims: Mapping[str, Any],
        lifetime: timedelta = LIFETIME,
    ) -> str:
        """Return a token with these claims and the ones that every token has."""
        now = self.cloud.now()
        issuer = endpoint.issuer
        return self.key.sign(
            {
                "iss": issuer,
                "idp": issuer,
                "iat": int(now.timestamp()),
                "nbf": int(now.timestamp()),
                "exp": int((now + lifetime).timestamp()),
                "tid": endpoint.tenant,
                "uti": uuid.uuid4().hex[:22],
                "ver": "1.0",
                **claims,
            }
        )

    def read(self, token: str) -> Mapping[str, Any]:
        """Return the claims of a token that this authority signed, for any audience and time.

        Any other token is an InvalidTokenError.
        """
        claims = self._verified.get(token)
        if claims is None:
            claims = self.key.verify(token)
            if len(self._verified) >= _REMEMBERED:
                self._verified.clear()
            self._verified[token] = claims
        return claims


def is_web_token(token: str) -> bool:
    """Return whether a token is a JSON Web Token, signed or not."""
    header, _, rest = token.partition(".")
    if rest.count(".") != 1:
        return False
    try:
        content = json.loads(urlsafe_b64decode(header[:4096] + "=" * (-len(header) % 4)))
    except (ValueError, RecursionError):
        return False
    return isinstance(content, dict)
