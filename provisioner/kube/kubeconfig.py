"""Reads a kubeconfig (kubernetes.io, "Organizing Cluster Access Using kubeconfig Files")."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from provisioner.kube.connection import ClientCertificate, Connection, Token, check_server
from provisioner.kube.exec_plugin import ExecPlugin
from provisioner.model.diagnostic import DiagnosticError, error, nearest

_MOST_BYTES = 2**20
_REFUSED = ("username", "password", "auth-provider", "as", "as-user-extra", "as-groups", "as-uid")
"""Basic authentication and auth providers are gone from Kubernetes; a plan that is made in the name
of somebody else would not be what its caller may do."""


@dataclass(frozen=True, slots=True)
class _File:
    """A kubeconfig as read, and where from: paths in it are relative to its folder."""

    path: Path
    content: Mapping[str, Any]

    def fail(self, message: str, hint: str | None = None) -> DiagnosticError:
        return DiagnosticError(error("wrong-kubeconfig", f"{self.path}: {message}.", None, hint))

    def entry(self, kind: str, name: str) -> Mapping[str, Any]:
        """Return the entry of a list (`clusters`) by its name."""
        entries = [e for e in self.content.get(f"{kind}s") or () if isinstance(e, Mapping)]
        found = next((e for e in entries if e.get("name") == name), None)
        if found is None or not isinstance(found.get(kind), Mapping):
            known = [str(e.get("name")) for e in entries]
            raise self.fail(f"there is no {kind} {name!r}", nearest(name, known))
        entry: Mapping[str, Any] = found[kind]
        return entry

    def bytes_at(self, entry: Mapping[str, Any], key: str) -> bytes | None:
        """Return what `KEY-data` holds as base64, or the file that `KEY` names; None: neither."""
        if entry.get(f"{key}-data"):
            try:
                return base64.b64decode(str(entry[f"{key}-data"]), validate=True)
            except (binascii.Error, ValueError) as failure:
                raise self.fail(f"{key}-data is no base64") from failure
        if entry.get(key):
            try:
                return (self.path.parent / str(entry[key])).read_bytes()
            except OSError as failure:
                raise self.fail(f"{key}: {failure.strerror}: {entry[key]}") from failure
        return None


def read_kubeconfig(path: Path, context: str | None) -> Connection:
    """Return the connection of a context, by default the current one.

    Raises DiagnosticError for a file that is none, a context that is missing, a server without
    TLS, and credentials that Kubernetes no longer takes.
    """
    file = _File(path, _load(path))
    name = context or file.content.get("current-context")
    if not isinstance(name, str) or not name:
        raise file.fail("no context is current", "Name one: kubernetes.access.context.")
    chosen = file.entry("context", name)
    cluster = file.entry("cluster", str(chosen.get("cluster")))
    user = file.entry("user", str(chosen.get("user")))
    if cluster.get("insecure-skip-tls-verify"):
        raise file.fail(
            f"the cluster of context {name!r} turns the verification of TLS off",
            "State its certificate-authority.",
        )
    if cluster.get("proxy-url"):
        raise file.fail(
            f"the cluster of context {name!r} states 'proxy-url', which is not supported",
            "Run azsec where the API server is reached without a proxy, or use an observation.",
        )
    for key in _REFUSED:
        if user.get(key):
            raise file.fail(f"the user of context {name!r} states {key!r}, which is not supported")
    way = f"kubeconfig {path}, context {name}"
    return Connection(
        server=check_server(str(cluster.get("server")), way),
        way=way,
        authority=file.bytes_at(cluster, "certificate-authority"),
        token=_token(file, user, cluster, way),
        certificate=_certificate(file, user),
        server_name=cluster.get("tls-server-name"),
    )


def read_cluster_entry(text: bytes, name: str) -> tuple[str, bytes | None]:
    """Return the server of a kubeconfig's current context, and the PEM of its authority, None where
    it has none; who signs in is not read. `name` is what to call it.

    Raises DiagnosticError for a text that is no kubeconfig.
    """
    file = _File(Path(name), _parse(text, name))
    chosen = file.entry("context", str(file.content.get("current-context")))
    cluster = file.entry("cluster", str(chosen.get("cluster")))
    server = check_server(str(cluster.get("server")), name)
    return server, file.bytes_at(cluster, "certificate-authority")


def _load(path: Path) -> Mapping[str, Any]:
    try:
        text = path.read_bytes()[: _MOST_BYTES + 1]
    except OSError as failure:
        raise DiagnosticError(
            error(
                "no-kubeconfig",
                f"{path}: {failure.strerror}.",
                None,
                "Name one: --kubeconfig FILE, kubernetes.access.kubeconfig, or KUBECONFIG.",
            )
        ) from failure
    return _parse(text, str(path))


def _parse(text: bytes, name: str) -> Mapping[str, Any]:
    try:
        content = yaml.safe_load(text) if len(text) <= _MOST_BYTES else None
    except yaml.YAMLError:
        content = None
    if not isinstance(content, Mapping):
        what = "is no kubeconfig" if text.strip() else "is empty"
        hint = "Write one with `az aks get-credentials --file FILE`."
        raise DiagnosticError(error("wrong-kubeconfig", f"{name} {what}.", None, hint))
    return content


def _token(
    file: _File, user: Mapping[str, Any], cluster: Mapping[str, Any], way: str
) -> Token | None:
    if isinstance(user.get("exec"), Mapping):
        return ExecPlugin(user["exec"], cluster, file.path.parent, way).token
    if user.get("tokenFile"):
        source = file.path.parent / str(user["tokenFile"])
        return lambda _renew: _read_token(source, way)
    token = user.get("token")
    return None if not token else lambda _renew: str(token)


def _read_token(path: Path, way: str) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as failure:
        raise DiagnosticError(error("no-token", f"{way}: {failure.strerror}: {path}.")) from failure


def _certificate(file: _File, user: Mapping[str, Any]) -> ClientCertificate | None:
    certificate = file.bytes_at(user, "client-certificate")
    key = file.bytes_at(user, "client-key")
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        has, lacks = "client-certificate", "client-key"
        if certificate is None:
            has, lacks = lacks, has
        raise file.fail(f"a user states {has} without {lacks}", f"State {lacks} as well.")
    return ClientCertificate(certificate, key)
