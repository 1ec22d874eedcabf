"""The TLS certificate of the built-in Azure, and the certificate authority that signs it.

Azure's clients send no token without TLS. They have to trust one file (`ca.pem`), whose authority
can sign for loopback only (RFC 5280, 4.2.1.10: name constraints): a stolen key impersonates no
site. The authority is valid for five years, the server's certificate for 90 days; either is renewed
when a third of that is left, or when it does not match its key.
"""

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.filesystem.atomic_write import write_atomically
from provisioner.filesystem.protection import check_own, make_folder
from provisioner.model.diagnostic import DiagnosticError, error

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.x509 import Certificate, CertificateBuilder, KeyUsage, Name

_AUTHORITY_LIFETIME = timedelta(days=5 * 365)
_SERVER_LIFETIME = timedelta(days=90)
_BACKDATED = timedelta(hours=1)
"""How long before now a certificate begins to hold: clocks differ."""
_NAME = "localhost"
_ADDRESSES = (ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1"))


@dataclass(frozen=True, slots=True)
class ServerCertificate:
    """The files of a certificate (PEM).

    authority  what clients trust
    chain, key  the server's own
    renewed    whether the authority is new, so that clients have to be configured with it
    """

    authority: Path
    chain: Path
    key: Path
    renewed: bool = False


def prepare_certificate(folder: Path, now: datetime) -> ServerCertificate:
    """Return the certificate in a folder, created or renewed if that is due at `now`.

    Keys are readable by their owner only.

    Raises:
        DiagnosticError: the folder or a file in it cannot be used (`certificate-not-written`).
    """
    files = ServerCertificate(folder / "ca.pem", folder / "server.pem", folder / "server-key.pem")
    try:
        make_folder(folder, private=True)
        for file in (files.authority, folder / "ca-key.pem", files.chain, files.key):
            check_own(file)
        return _renew_files(files, folder / "ca-key.pem", now)
    except OSError as problem:
        raise DiagnosticError(
            error(
                "certificate-not-written",
                f"{folder}: the certificate of the built-in Azure cannot be kept there: {problem}.",
                hint="Name another state file with --state, or remove what is there.",
            )
        ) from None


def _renew_files(files: ServerCertificate, authority_key: Path, now: datetime) -> ServerCertificate:
    authority, key = _read_certificate(files.authority), _read_key(authority_key)
    renewed = authority is None or key is None or not _is_current(authority, key, now)
    if authority is None or key is None or renewed:
        authority, key = _make_authority(now)
        _write_key(authority_key, key)
        _write_certificate(files.authority, authority)
    server, server_key = _read_certificate(files.chain), _read_key(files.key)
    if (
        server is None
        or server_key is None
        or not _is_current(server, server_key, now)
        or not _is_signed_by(server, authority)
    ):
        server_key = _new_key()
        _write_key(files.key, server_key)
        _write_certificate(files.chain, _make_server(authority, key, server_key, now))
    return ServerCertificate(files.authority, files.chain, files.key, renewed)


def _is_current(certificate: "Certificate", key: "EllipticCurvePrivateKey", now: datetime) -> bool:
    """Return whether a certificate matches a key and has a third of its lifetime left."""
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    is_of_key = certificate.public_key() == key.public_key()
    return is_of_key and begins <= now < ends - (ends - begins) / 3


def _is_signed_by(certificate: "Certificate", authority: "Certificate") -> bool:
    from cryptography.exceptions import InvalidSignature

    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _make_authority(now: datetime) -> "tuple[Certificate, EllipticCurvePrivateKey]":
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    key = _new_key()
    name = _common_name(f"azsec built-in Azure, made {now:%Y-%m-%d %H:%M:%S}")
    loopback = [
        x509.DNSName(_NAME),
        *(x509.IPAddress(ipaddress.ip_network(address)) for address in _ADDRESSES),
    ]
    certificate = (
        _certificate_builder(name, name, key, now, _AUTHORITY_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.NameConstraints(loopback, None), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate, key


def _make_server(
    authority: "Certificate",
    authority_key: "EllipticCurvePrivateKey",
    key: "EllipticCurvePrivateKey",
    now: datetime,
) -> "Certificate":
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID

    names = [x509.DNSName(_NAME), *map(x509.IPAddress, _ADDRESSES)]
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    return (
        _certificate_builder(_common_name(_NAME), authority.subject, key, now, _SERVER_LIFETIME)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(identifier, critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )


def _certificate_builder(
    subject: "Name",
    issuer: "Name",
    key: "EllipticCurvePrivateKey",
    now: datetime,
    lifetime: timedelta,
) -> "CertificateBuilder":
    from cryptography import x509

    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + lifetime)
    )


def _key_usage(*, signs_certificates: bool) -> "KeyUsage":
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _common_name(name: str) -> "Name":
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _new_key() -> "EllipticCurvePrivateKey":
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(ec.SECP256R1())


def _read_certificate(file: Path) -> "Certificate | None":
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificate(file.read_bytes())
    except (FileNotFoundError, ValueError):
        return None


def _read_key(file: Path) -> "EllipticCurvePrivateKey | None":
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

    try:
        key = serialization.load_pem_private_key(file.read_bytes(), None)
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return key if isinstance(key, EllipticCurvePrivateKey) else None


def _write_certificate(file: Path, certificate: "Certificate") -> None:
    from cryptography.hazmat.primitives.serialization import Encoding

    write_atomically(file, certificate.public_bytes(Encoding.PEM))


def _write_key(file: Path, key: "EllipticCurvePrivateKey") -> None:
    from cryptography.hazmat.primitives import serialization

    content = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    write_atomically(file, content)
