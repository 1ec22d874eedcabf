"""The certificates of a cluster: an authority whose key nobody has, and one that it signed.

They are made anew when the certificates are rotated, when the cluster is made again, and when the
server restarts: no file holds a key.
"""

import base64
from dataclasses import dataclass
from datetime import datetime, timedelta

from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import Record

_AUTHORITY_YEARS, _CLIENT_YEARS = 30, 2
"""How long AKS' certificates hold ("Certificate rotation in Azure Kubernetes Service")."""


@dataclass(frozen=True, slots=True)
class Certificates:
    """PEM in base64, as a kubeconfig has it: the authority, and an administrator's certificate
    with its key."""

    authority: str
    certificate: str
    key: str


def certificates_of(cloud: Cloud, row: Record) -> Certificates:
    """Return the certificates of a cluster as it was made, the same on each call."""
    rotated = cloud.store.service_state.get(_rotation(row)) or 0
    wanted = f"{row.created}|{rotated}"
    held = cloud.certificates.get(row.id.key)
    if held is not None and held[0] == wanted and isinstance(held[1], Certificates):
        return held[1]
    made = _make(cloud.now())
    cloud.certificates[row.id.key] = (wanted, made)
    return made


def rotate_certificates(cloud: Cloud, row: Record) -> None:
    """Let the next kubeconfig have new certificates."""
    key = _rotation(row)
    cloud.store.service_state.put(key, (cloud.store.service_state.get(key) or 0) + 1)


def _rotation(row: Record) -> str:
    return f"{row.id.key}|certificates"


def _make(now: datetime) -> Certificates:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    def named(common: str, *more: x509.NameAttribute[str]) -> x509.Name:
        return x509.Name([*more, x509.NameAttribute(NameOID.COMMON_NAME, common)])

    def builder(subject: x509.Name, key: ec.EllipticCurvePublicKey, years: int) -> bytes:
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(named("ca"))
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now)
            .not_valid_after(now + timedelta(days=years * 365))
            .add_extension(x509.BasicConstraints(years > _CLIENT_YEARS, None), critical=True)
            .sign(authority, hashes.SHA256())
        )
        return made.public_bytes(serialization.Encoding.PEM)

    authority = ec.generate_private_key(ec.SECP256R1())
    client = ec.generate_private_key(ec.SECP256R1())
    group = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "system:masters")
    pem = client.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    texts = (
        builder(named("ca"), authority.public_key(), _AUTHORITY_YEARS),
        builder(named("masterclient", group), client.public_key(), _CLIENT_YEARS),
        pem,
    )
    return Certificates(*(base64.b64encode(text).decode() for text in texts))
