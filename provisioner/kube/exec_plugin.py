"""Exec credential plugins of a kubeconfig, such as kubelogin (client.authentication.k8s.io/v1).

The contract is kubernetes.io, "Authenticating", "client-go credential plugins": the plugin reads
KUBERNETES_EXEC_INFO and prints an ExecCredential whose `status.token` is the bearer token. It runs
with a time limit and without a terminal, since a plan in CI has nobody to answer a prompt.
"""

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from provisioner.model.diagnostic import DiagnosticError, error

_SECONDS = 120
_GROUP = "client.authentication.k8s.io"


class ExecPlugin:
    """An exec plugin; its token is cached until it expires or the API server refuses it."""

    def __init__(
        self, stated: Mapping[str, Any], cluster: Mapping[str, Any], folder: Path, way: str
    ) -> None:
        self._stated = stated
        self._cluster = cluster
        self._folder = folder
        self._way = way
        self._lock = threading.Lock()
        self._known: tuple[str, datetime | None] | None = None

    def token(self, renew: bool) -> str:
        """Return the bearer token; `renew` runs the plugin again in any case.

        Raises DiagnosticError (`no-token`) where the plugin is not installed, fails, takes longer
        than 120 s, or prints no token.
        """
        with self._lock:
            if renew or self._known is None or _has_ended(self._known[1]):
                self._known = self._run()
            return self._known[0]

    def _run(self) -> tuple[str, datetime | None]:
        command = str(self._stated.get("command") or "")
        # A relative path is relative to the kubeconfig; a bare name is looked up in PATH.
        path = str(self._folder / command) if os.sep in command else shutil.which(command)
        if not command or path is None:
            raise self._fail(
                f"the exec plugin {command!r} is not installed", self._install_hint(command)
            )
        arguments = [str(each) for each in self._stated.get("args") or ()]
        try:
            done = subprocess.run(
                [path, *arguments],
                env=self._environ(),
                capture_output=True,
                timeout=_SECONDS,
                check=False,
                stdin=subprocess.DEVNULL,
            )
        except subprocess.TimeoutExpired as failure:
            raise self._fail(
                f"the exec plugin {command!r} took longer than {_SECONDS} s"
            ) from failure
        except OSError as failure:
            raise self._fail(f"the exec plugin {command!r}: {failure.strerror}") from failure
        if done.returncode:
            last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or [
                "no message"
            ]
            raise self._fail(f"the exec plugin {command!r} failed ({done.returncode}): {last[0]}")
        return self._read(command, done.stdout)

    def _install_hint(self, command: str) -> object:
        # learn.microsoft.com, "Use kubelogin to authenticate users in Azure Kubernetes Service".
        if command == "kubelogin":
            return "Install it: az aks install-cli."
        return self._stated.get("installHint")

    def _environ(self) -> dict[str, str]:
        stated = {
            str(each.get("name")): str(each.get("value"))
            for each in self._stated.get("env") or ()
            if isinstance(each, Mapping)
        }
        spec: dict[str, Any] = {"interactive": False}
        if self._stated.get("provideClusterInfo"):
            spec["cluster"] = dict(self._cluster)
        info = {"apiVersion": self._version, "kind": "ExecCredential", "spec": spec}
        return {**os.environ, **stated, "KUBERNETES_EXEC_INFO": json.dumps(info)}

    @property
    def _version(self) -> str:
        return str(self._stated.get("apiVersion") or f"{_GROUP}/v1")

    def _read(self, command: str, output: bytes) -> tuple[str, datetime | None]:
        try:
            status = json.loads(output)["status"]
            token = status["token"]
            ends = status.get("expirationTimestamp")
            until = None if ends is None else datetime.fromisoformat(str(ends))
        except (ValueError, KeyError, TypeError, AttributeError) as failure:
            raise self._fail(f"the exec plugin {command!r} printed no token") from failure
        if until is not None and until.tzinfo is None:
            raise self._fail(
                f"the exec plugin {command!r} printed an expirationTimestamp without a time zone"
            )
        return str(token), until

    def _fail(self, message: str, hint: object = None) -> DiagnosticError:
        text = None if hint is None else str(hint)
        return DiagnosticError(error("no-token", f"{self._way}: {message}.", None, text))


def _has_ended(until: datetime | None) -> bool:
    return until is not None and until <= datetime.now(UTC)
