"""Kubeconfig files (kubernetes.io, "Organizing Cluster Access Using kubeconfig Files").

A kubeconfig is foreign input: each entry is read as the type that client-go reads it as, and a
value of another type is reported with its line and column, never with the value, which may be a
secret. What would weaken the connection is refused: `insecure-skip-tls-verify`, basic
authentication, impersonation and proxies.
"""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioner.blueprint.yaml_source import Node, parse_yaml
from provisioner.filesystem.regular_file import read_regular
from provisioner.kube.connection import ClientCertificate, Connection, Token, check_server
from provisioner.kube.exec_plugin import ExecPlugin
from provisioner.model.diagnostic import DiagnosticError, error, nearest
from provisioner.model.span import Span

_MOST_BYTES = 2**20
_MOST_TOKEN_BYTES = 2**16
_HOW = "Write one with `az aks get-credentials --file FILE`."
_REFUSED = ("username", "password", "auth-provider", "as", "as-user-extra", "as-groups", "as-uid")
"""Basic authentication and auth providers were removed from Kubernetes; a plan that is made under
impersonation would not show what its caller may do."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """A mapping of a kubeconfig, and its name in messages: "the cluster 'k'"."""

    name: str
    node: Node

    def fail(self, message: str, key: str = "", hint: str | None = None) -> DiagnosticError:
        """Return the diagnostic of a key of the entry, or of the entry itself."""
        return _wrong(self.node.key_spans.get(key, self.node.span), message, hint)

    def text(self, key: str) -> str | None:
        """Return the text of a key; None where it is absent or empty, as client-go treats both."""
        found = self.node.get(key)
        if found is None or found.value is None:
            return None
        if not isinstance(found.value, str):
            raise self.fail(f"{key} of {self.name} is {_describe(found)}", key, "Expected a text.")
        return found.value or None

    def flag(self, key: str) -> bool:
        """Return whether the value of a key is true."""
        found = self.node.get(key)
        if found is not None and not isinstance(found.value, bool | None):
            raise self.fail(
                f"{key} of {self.name} is {_describe(found)}", key, "Expected true or false."
            )
        return found is not None and found.value is True

    def states(self, key: str) -> bool:
        """Return whether a key has a value that is not empty."""
        found = self.node.get(key)
        return found is not None and found.value not in (None, "", (), {}, False)

    def mapping(self, key: str, name: str) -> "_Entry | None":
        """Return the mapping of a key, with its name for messages; None where it is absent."""
        found = self.node.get(key)
        if found is None or found.value is None:
            return None
        if not isinstance(found.value, dict):
            raise self.fail(
                f"{key} of {self.name} is {_describe(found)}", key, "Expected a mapping."
            )
        return _Entry(name, found)

    def list(self, key: str) -> "Iterator[_Entry]":
        """Yield the mappings in the list of a key; none where it is absent."""
        found = self.node.get(key)
        if found is None or found.value is None:
            return
        if not isinstance(found.value, tuple):
            raise self.fail(f"{key} of {self.name} is {_describe(found)}", key, "Expected a list.")
        for item in found.items:
            if not isinstance(item.value, dict):
                raise _wrong(item.span, f"an entry of {key} is {_describe(item)}", _MAPPING)
            yield _Entry(f"an entry of {key}", item)

    def plain(self) -> dict[str, Any]:
        """Return the entry as plain data."""
        found: Any = self.node.plain()
        return dict(found)


_MAPPING = "Expected a mapping."
_KINDS = {bool: "true or false", int: "a number", float: "a number", str: "a text", tuple: "a list"}


def _describe(node: Node) -> str:
    """Return the type of a value in words; the value itself may be a secret."""
    if node.value is None:
        return "null"
    return _KINDS.get(type(node.value), "a mapping")


def _wrong(span: Span, message: str, hint: str | None = None) -> DiagnosticError:
    return DiagnosticError(error("wrong-kubeconfig", f"{message}.", span, hint))


@dataclass(frozen=True, slots=True)
class _File:
    """A parsed kubeconfig and its path: relative paths in it start at its folder."""

    path: Path
    root: _Entry

    def entry(self, kind: str, name: str, span: Span) -> _Entry:
        """Return the entry of the list `KINDs` with a name; `span` is where the name is stated.

        Raises DiagnosticError where there is none, with the nearest name.
        """
        known: list[str] = []
        for each in self.root.list(f"{kind}s"):
            stated = each.text("name")
            if stated != name:
                known += [stated] if stated else []
                continue
            found = each.mapping(kind, f"the {kind} {name!r}")
            if found is None:
                raise each.fail(f"the {kind} {name!r} is empty", "name", _MAPPING)
            return found
        raise _wrong(span, f"there is no {kind} {name!r}", nearest(name, known))

    def named(self, context: _Entry, kind: str) -> _Entry:
        """Return the cluster or the user that a context names."""
        name = context.text(kind)
        if name is None:
            raise context.fail(f"{context.name} names no {kind}", kind, f"State {kind}.")
        return self.entry(kind, name, context.node.key_spans[kind])

    def server(self, cluster: _Entry, way: str) -> str:
        """Return the address of a cluster's API server.

        Raises:
            DiagnosticError: where it is absent or not usable, at its line and column.
        """
        stated = cluster.text("server")
        if stated is None:
            raise cluster.fail(f"{cluster.name} states no server", "server", "State https://HOST.")
        try:
            return check_server(stated, way)
        except DiagnosticError as problem:
            (found,) = problem.diagnostics
            span = cluster.node.key_spans["server"]
            raise DiagnosticError(error(found.code, found.message, span, found.hint)) from problem

    def bytes_at(self, entry: _Entry, key: str) -> bytes | None:
        """Return the bytes of `KEY-data` (base64) or of the file in `KEY`; None without both.

        `KEY-data` wins where both are stated, as in client-go.
        """
        data, path = entry.text(f"{key}-data"), entry.text(key)
        if data is not None:
            try:
                return base64.b64decode(data, validate=True)
            except (binascii.Error, ValueError) as failure:
                raise entry.fail(f"{key}-data is not base64", f"{key}-data") from failure
        if path is not None:
            try:
                content = read_regular(self.path.parent / path, _MOST_BYTES)
            except (OSError, ValueError) as failure:
                why = getattr(failure, "strerror", None) or failure
                raise entry.fail(f"{key}: {why}: {path}", key) from failure
            if len(content) > _MOST_BYTES:
                raise entry.fail(f"{key}: larger than 1 MiB: {path}", key)
            return content
        return None


def read_kubeconfig(path: Path, context: str | None) -> Connection:
    """Return the connection of a context, by default the current one.

    Raises DiagnosticError, with line and column, for a file that is no kubeconfig, a context that
    is missing, an entry of another type than client-go reads, a server without TLS, and credentials
    that Kubernetes no longer accepts.
    """
    file = _load(path)
    name = context or file.root.text("current-context")
    if name is None:
        raise file.root.fail(
            "no context is current", "current-context", "Name one: kubernetes.access.context."
        )
    span = file.root.node.key_spans.get("current-context", file.root.node.span)
    chosen = file.entry("context", name, span)
    cluster, user = file.named(chosen, "cluster"), file.named(chosen, "user")
    if cluster.flag("insecure-skip-tls-verify"):
        raise cluster.fail(
            f"the cluster of context {name!r} turns the verification of TLS off",
            "insecure-skip-tls-verify",
            "State its certificate-authority.",
        )
    if cluster.states("proxy-url"):
        raise cluster.fail(
            f"the cluster of context {name!r} states 'proxy-url', which is not supported",
            "proxy-url",
            "Run azsec where the API server is reached without a proxy, or use an observation.",
        )
    for key in _REFUSED:
        if user.states(key):
            raise user.fail(
                f"the user of context {name!r} states {key!r}, which is not supported", key
            )
    way = f"kubeconfig {path}, context {name}"
    return Connection(
        server=file.server(cluster, way),
        way=way,
        authority=file.bytes_at(cluster, "certificate-authority"),
        token=_token(file, user, cluster, way),
        certificate=_certificate(file, user),
        server_name=cluster.text("tls-server-name"),
    )


def read_cluster_entry(text: bytes, name: str) -> tuple[str, bytes | None]:
    """Return the server of a kubeconfig's current context and the PEM of its authority.

    The authority is None where none is stated. The user's entry is not read. `name` stands for the
    file in messages. Raises DiagnosticError for a text that is no kubeconfig.
    """
    file = _parse(text, name)
    current = file.root.text("current-context")
    if current is None:
        raise file.root.fail("no context is current")
    cluster = file.named(file.entry("context", current, file.root.node.span), "cluster")
    return file.server(cluster, name), file.bytes_at(cluster, "certificate-authority")


def _load(path: Path) -> _File:
    try:
        text = read_regular(path, _MOST_BYTES)
    except (OSError, ValueError) as failure:
        raise DiagnosticError(
            error(
                "no-kubeconfig",
                f"{path}: {getattr(failure, 'strerror', None) or failure}.",
                None,
                "Name one: --kubeconfig FILE, kubernetes.access.kubeconfig, or KUBECONFIG.",
            )
        ) from failure
    return _parse(text, str(path))


def _parse(text: bytes, name: str) -> _File:
    start = Span(name, 1, 1)
    if len(text) > _MOST_BYTES:
        raise _wrong(start, f"{name} is not a kubeconfig: it is larger than 1 MiB", _HOW)
    if not text.strip():
        raise _wrong(start, f"{name} is empty", _HOW)
    try:
        root = parse_yaml(text.decode("utf-8"), name)
    except UnicodeDecodeError as failure:
        before = text[: failure.start]
        column = failure.start - (before.rfind(b"\n") + 1) + 1
        span = Span(name, before.count(b"\n") + 1, column)
        raise _wrong(span, f"{name} is not a kubeconfig: it is not UTF-8", _HOW) from failure
    if not isinstance(root.value, dict):
        raise _wrong(root.span, f"{name} is not a kubeconfig: it is {_describe(root)}", _HOW)
    return _File(Path(name), _Entry("the kubeconfig", root))


def _token(file: _File, user: _Entry, cluster: _Entry, way: str) -> Token | None:
    plugin = user.mapping("exec", f"the exec plugin of {user.name}")
    if plugin is not None:
        plugin.text("command")
        for each in plugin.list("env"):
            each.text("name"), each.text("value")
        arguments = plugin.node.get("args")
        if arguments is not None and not isinstance(arguments.value, tuple | None):
            raise plugin.fail(f"args of {plugin.name} is not a list", "args", "Expected a list.")
        return ExecPlugin(plugin.plain(), cluster.plain(), file.path.parent, way).token
    stated = user.text("tokenFile")
    if stated is not None:
        source = file.path.parent / stated
        return lambda _renew: _read_token(source, way)
    token = user.text("token")
    return None if token is None else lambda _renew: token


def _read_token(path: Path, way: str) -> str:
    """Return the bearer token in a file: visible ASCII, since it becomes part of a header.

    Raises:
        DiagnosticError: where the file cannot be read, is empty, or holds anything else
            (`no-token`).
    """
    try:
        content = read_regular(path, _MOST_TOKEN_BYTES).strip()
    except (OSError, ValueError) as failure:
        why = getattr(failure, "strerror", None) or failure
        raise DiagnosticError(error("no-token", f"{way}: {why}: {path}.")) from failure
    if not content:
        raise DiagnosticError(error("no-token", f"{way}: {path} is empty.", None, _EXPECTED))
    if len(content) > _MOST_TOKEN_BYTES or any(not 0x21 <= each <= 0x7E for each in content):
        raise DiagnosticError(
            error(
                "no-token",
                f"{way}: {path} holds no token: it is not a line of ASCII.",
                None,
                _EXPECTED,
            )
        )
    return content.decode("ascii")


_EXPECTED = "Expected a bearer token, alone in the file."


def _certificate(file: _File, user: _Entry) -> ClientCertificate | None:
    certificate = file.bytes_at(user, "client-certificate")
    key = file.bytes_at(user, "client-key")
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        has, lacks = "client-certificate", "client-key"
        if certificate is None:
            has, lacks = lacks, has
        raise user.fail(f"a user states {has} without {lacks}", has, f"State {lacks} as well.")
    return ClientCertificate(certificate, key)
