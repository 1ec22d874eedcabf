"""Who may sign in to an API server of the tests, and with what."""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

ADMIN = "administrator"
PEOPLE: dict[str, tuple[str, ...]] = {
    ADMIN: ("system:masters",),
    "nobody": (),
    "deployer": ("9a6e3d40-af71-4d94-8b17-65d3f4a6d802",),
    "log-reader": ("9a6e3d40-af71-4d94-8b17-65d3f4a6d803",),
}
"""Who may sign in, with the groups that they belong to. Each one's token is `token-NAME`."""


def write_tokens(path: Path) -> None:
    """Write the file of static tokens."""
    rows = [f'token-{name},{name},{name},"{",".join(groups)}"\n' for name, groups in PEOPLE.items()]
    path.write_text("".join(rows), encoding="utf-8")


def write_account_key(path: Path) -> None:
    """Write the key that tokens of service accounts are signed with."""
    path.write_bytes(_pem(rsa.generate_private_key(public_exponent=65537, key_size=2048)))


@dataclass(frozen=True)
class ClientAuthority:
    """The authority that certificates of clients are signed by (`--client-ca-file`)."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def make(cls, path: Path) -> "ClientAuthority":
        """Make an authority, and write its certificate."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "clients")])
        found = cls(_certificate(name, name, key, key, is_authority=True), key)
        path.write_bytes(found.certificate.public_bytes(serialization.Encoding.PEM))
        return found

    def user_of(self, person: str) -> dict[str, Any]:
        """Return the user of a kubeconfig that signs in by a certificate. The API server takes the
        common name for the user, and organizations for the groups."""
        key = ec.generate_private_key(ec.SECP256R1())
        groups = (x509.NameAttribute(NameOID.ORGANIZATION_NAME, each) for each in PEOPLE[person])
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, person), *groups])
        made = _certificate(name, self.certificate.subject, key, self.key, is_authority=False)
        certificate = made.public_bytes(serialization.Encoding.PEM)
        return {
            "client-certificate-data": base64.b64encode(certificate).decode(),
            "client-key-data": base64.b64encode(_pem(key)).decode(),
        }


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    *,
    is_authority: bool,
) -> x509.Certificate:
    now = datetime.now(UTC)
    basic = x509.BasicConstraints(ca=is_authority, path_length=None)
    purpose = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.CLIENT_AUTH])
    builder = x509.CertificateBuilder(
        issuer, subject, key.public_key(), x509.random_serial_number()
    )
    builder = builder.not_valid_before(now - timedelta(hours=1))
    builder = builder.not_valid_after(now + timedelta(days=1)).add_extension(basic, critical=True)
    return builder.add_extension(purpose, critical=False).sign(signer, hashes.SHA256())


def _pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
