"""How an API server is reached: its address, who vouches for it, and who we are."""

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
    """A way to an API server. `way` names it for people: "kubeconfig FILE, context NAME".

    `authority` is the PEM of the certificate authority; None: those of this machine.
    """

    server: str
    way: str
    authority: bytes | None = None
    token: Token | None = field(default=None, repr=False)
    certificate: ClientCertificate | None = None
    server_name: str | None = None

    def open_tls(self) -> ssl.SSLContext:
        """Return the TLS context. Raises DiagnosticError for certificates that are none."""
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

    Raises DiagnosticError for one that is not https (a token would be sent in the clear), and for
    one to which no path can be added.
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
        # It would take the place of the token, and stand in plans and logs.
        raise DiagnosticError(
            error(
                "wrong-server",
                f"{way}: the address of the API server holds a user or a password.",
                None,
                f"Expected https://{parts.hostname}, and the credential in the user's entry.",
            )
        )
    if parts.query or parts.fragment or "?" in server or "#" in server:
        # Paths are put behind it: they would be a part of the query.
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
    # OpenSSL takes a client's key from a file alone; it is gone before the first request.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "client.pem"
        path.touch(mode=0o600)
        path.write_bytes(certificate.certificate + b"\n" + certificate.key)
        context.load_cert_chain(path)
