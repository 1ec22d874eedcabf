"""Connection to an API server: address, certificate authority, and the client's credential."""

import ssl
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from provisioner.model.diagnostic import DiagnosticError, error

Token = Callable[[bool], str]
"""Returns the bearer token; True asks for a new one, because the server refused the last."""


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """A certificate and its private key, as PEM. Never part of an output."""

    certificate: bytes = field(repr=False)
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Connection:
    """Address and credentials of an API server.

    `way` is where they come from, for messages: "kubeconfig FILE, context NAME". `authority` is the
    PEM of the certificate authority; None: the authorities of this machine. `server_name` replaces
    the host in SNI and in the verification of the certificate (kubeconfig: `tls-server-name`).
    """

    server: str
    way: str
    authority: bytes | None = None
    token: Token | None = field(default=None, repr=False)
    certificate: ClientCertificate | None = None
    server_name: str | None = None

    def open_tls(self) -> ssl.SSLContext:
        """Return the TLS context, with the client certificate where there is one.

        Raises:
            DiagnosticError: for a certificate or key that is no PEM, or that do not belong together
                (`wrong-certificate`).
        """
        try:
            data = None if self.authority is None else self.authority.decode("ascii")
            context = ssl.create_default_context(cadata=data)
            if self.certificate is not None:
                _load_certificate(context, self.certificate)
        except (ssl.SSLError, ValueError, OSError) as failure:
            raise DiagnosticError(
                error("wrong-certificate", f"{self.way}: a certificate cannot be used: {failure}.")
            ) from failure
        return context


def check_server(server: str, way: str) -> str:
    """Return an API server's address without a slash at its end.

    Raises:
        DiagnosticError: for an address that is not https (a token would be sent in the clear:
            `no-tls`), that holds a credential, or to which no path can be added (`wrong-server`).
    """
    try:
        parts = urlsplit(server)
        _ = parts.port
    except ValueError as failure:
        raise DiagnosticError(
            error("wrong-server", f"{way}: {failure}.", None, "Expected https://HOST[:PORT].")
        ) from failure
    if parts.scheme != "https" or not parts.hostname:
        raise DiagnosticError(
            error("no-tls", f"{way}: the API server is {server!r}.", None, "Expected https://HOST.")
        )
    if parts.username is not None or parts.password is not None:
        # `requests` turns it into basic authentication in place of the bearer token, and the
        # address is part of plans and logs.
        raise DiagnosticError(
            error(
                "wrong-server",
                f"{way}: the address of the API server holds a user or a password.",
                None,
                f"Expected https://{parts.hostname}, and the credential in the user's entry.",
            )
        )
    if parts.query or parts.fragment or "?" in server or "#" in server:
        # Paths are appended to the address: they would become a part of the query.
        raise DiagnosticError(
            error(
                "wrong-server",
                f"{way}: the address of the API server has a query or a fragment.",
                None,
                "Expected https://HOST[:PORT][/PATH].",
            )
        )
    return server.rstrip("/")


def _load_certificate(context: ssl.SSLContext, certificate: ClientCertificate) -> None:
    # SSLContext.load_cert_chain reads a client's key from a file alone; the file is removed before
    # the first request.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "client.pem"
        path.touch(mode=0o600)
        path.write_bytes(certificate.certificate + b"\n" + certificate.key)
        context.load_cert_chain(path)
