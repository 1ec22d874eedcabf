"""The certificates of a cluster: a certificate authority whose key is discarded, and an admin's.

They are issued anew when the certificates are rotated, when the cluster is created again, and when
the server restarts: no key is written to a file.
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
    """Base64 of PEM, as in a kubeconfig: the authority, the admin's certificate and its key."""

    authority: str
    certificate: str
    key: str


def certificates_of(cloud: Cloud, row: Record) -> Certificates:
    """Return the certificates of a cluster, the same at each call until they are rotated."""
    rotated = cloud.store.service_state.get(_rotation_key(row)) or 0
    generation = f"{row.created}|{rotated}"
    cached = cloud.certificates.get(row.id.key)
    if cached is not None and cached[0] == generation and isinstance(cached[1], Certificates):
        return cached[1]
    issued = _issue_certificates(cloud.now())
    cloud.certificates[row.id.key] = (generation, issued)
    return issued


def rotate_certificates(cloud: Cloud, row: Record) -> None:
    """Make the next kubeconfig have new certificates."""
    key = _rotation_key(row)
    cloud.store.service_state.put(key, (cloud.store.service_state.get(key) or 0) + 1)


def _rotation_key(row: Record) -> str:
    return f"{row.id.key}|certificates"


def _issue_certificates(now: datetime) -> Certificates:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    def name_of(common: str, *more: x509.NameAttribute[str]) -> x509.Name:
        return x509.Name([*more, x509.NameAttribute(NameOID.COMMON_NAME, common)])

    def builder(subject: x509.Name, key: ec.EllipticCurvePublicKey, years: int) -> bytes:
        issued = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(name_of("ca"))
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now)
            .not_valid_after(now + timedelta(days=years * 365))
            .add_extension(x509.BasicConstraints(years > _CLIENT_YEARS, None), critical=True)
            .sign(authority, hashes.SHA256())
        )
        return issued.public_bytes(serialization.Encoding.PEM)

    authority = ec.generate_private_key(ec.SECP256R1())
    client = ec.generate_private_key(ec.SECP256R1())
    group = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "system:masters")
    pem = client.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    texts = (
        builder(name_of("ca"), authority.public_key(), _AUTHORITY_YEARS),
        builder(name_of("masterclient", group), client.public_key(), _CLIENT_YEARS),
        pem,
    )
    return Certificates(*(base64.b64encode(text).decode() for text in texts))
