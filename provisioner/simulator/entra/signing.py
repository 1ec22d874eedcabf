"""The signing key of tokens: RS256, as Entra's.

Source: "Access tokens in the Microsoft identity platform", RFC 7517 (JSON Web Key), RFC 7638 (its
`kid`). PyJWT and cryptography, which MSAL brings, are imported when the first token is issued or
read: most runs of the built-in Azure have none.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provisioner.filesystem.atomic_write import write_atomically
from provisioner.filesystem.protection import check_own, make_folder

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

ALGORITHM = "RS256"
_BITS = 2048


class InvalidTokenError(Exception):
    """A token that this key did not sign, or no token at all."""


class SigningKey:
    """An RSA key, generated at first use and kept in a file (None: in memory only).

    The file has mode 600: whoever reads it can impersonate anybody to this server.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file

    def sign(self, claims: Mapping[str, Any]) -> str:
        """Return a JSON Web Token with these claims."""
        import jwt

        headers = {"kid": self._jwk["kid"], "x5t": self._jwk["kid"]}
        return jwt.encode(dict(claims), self._private, algorithm=ALGORITHM, headers=headers)

    def verify(self, token: str) -> dict[str, Any]:
        """Return the claims of a token that this key signed; audience and times are not checked.

        Raises:
            InvalidTokenError: it did not sign it.
        """
        import jwt

        try:
            claims = jwt.decode(
                token,
                self._private.public_key(),
                algorithms=[ALGORITHM],
                options={"verify_exp": False, "verify_nbf": False, "verify_iat": False,
                         "verify_aud": False},
            )  # fmt: skip
        except (jwt.PyJWTError, RecursionError) as problem:
            raise InvalidTokenError(str(problem)) from None
        return dict(claims)

    def public_keys(self) -> list[dict[str, str]]:
        """Return the public keys, as clients read them from `jwks_uri`."""
        return [dict(self._jwk)]

    @cached_property
    def _private(self) -> "RSAPrivateKey":
        known = _read_key(self._file) if self._file is not None else None
        if known is not None:
            return known
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import rsa

        key = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
        if self._file is not None:
            content = key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            make_folder(self._file.parent, private=True)
            write_atomically(self._file, content)
        return key

    @cached_property
    def _jwk(self) -> Mapping[str, str]:
        numbers = self._private.public_key().public_numbers()
        members = {
            "e": _base64url_number(numbers.e),
            "kty": "RSA",
            "n": _base64url_number(numbers.n),
        }
        canonical = json.dumps(members, separators=(",", ":"), sort_keys=True).encode()
        thumbprint = _base64url(hashlib.sha256(canonical).digest())
        return {**members, "alg": ALGORITHM, "use": "sig", "kid": thumbprint}


def _read_key(file: Path) -> "RSAPrivateKey | None":
    """Return the key in a file; None if there is none, or it is damaged.

    A new key makes every client sign in again, and nothing else is lost.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    check_own(file)
    try:
        key = serialization.load_pem_private_key(file.read_bytes(), None)
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return key if isinstance(key, RSAPrivateKey) else None


def _base64url_number(number: int) -> str:
    return _base64url(number.to_bytes((number.bit_length() + 7) // 8, "big"))


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
