"""Tests of modules and environments on a built-in Azure of their own: docs/library.md.

For authors of modules, in any test framework. Nothing is mocked and nothing leaves this machine:
what a test reads is what the built-in Azure answers.

    from provisioner.testing import rehearse_module

    def test_nobody_deletes_secrets_for_good():
        with rehearse_module("modules/vault.yaml", {"name": "kv-team"}) as module:
            module.apply()
            assert module.body("vault")["properties"]["enablePurgeProtection"] is True
            assert module.plan().summary.changes == 0
"""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from azure.core.credentials import AccessToken

from provisioner.blueprint.file_schemas import Sources
from provisioner.blueprint.memory_files import MemoryFiles
from provisioner.blueprint.parameter_values import ParameterValue, recorded_value
from provisioner.cli.local_environment import Running, variables_of, write_trust
from provisioner.cli.session import PlanChoices, Session, SessionContext
from provisioner.cli.workspace import LOCAL_ENDPOINT, FileSources, load_catalog
from provisioner.documents.apply import ApplyDocument, Outcome
from provisioner.documents.controls import CheckDocument
from provisioner.documents.drift import DriftDocument
from provisioner.documents.plan import PlanDocument
from provisioner.documents.trace import StateKind
from provisioner.model.diagnostic import DiagnosticError, error, nearest
from provisioner.model.source_location import is_local
from provisioner.simulator.access_options import Access
from provisioner.simulator.application import RecordedRequest
from provisioner.simulator.entra.directory import OPERATOR_APPLICATION
from provisioner.simulator.protocol.faults import Faults
from provisioner.simulator.server import LocalAzure
from provisioner.simulator.tenancy import StatedSubscription, Tenancy
from provisioner.workflow.apply import ApplyOptions, check_permitted

__all__ = ["AzureDouble", "Rehearsal", "open_azure", "rehearse", "rehearse_module"]

_CALL = "module"
_GROUP = "main"
_SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"
_ENVIRONMENT = {
    "apiVersion": "azsec/v1",
    "kind": "Environment",
    "metadata": {"name": "rehearsal", "id": "0" * 32},
    "blueprint": "rehearsal-blueprint.yaml",
    "cloud": "local",
    "tenantId": "99999999-9999-9999-9999-999999999999",
    "subscriptions": {"main": _SUBSCRIPTION},
    "gates": {"controls": "none", "proofs": "warn"},
}
"""A module alone meets no guideline of a whole environment: what it fails is reported by `check`,
and refuses nothing."""


@dataclass(frozen=True)
class Rehearsal:
    """An environment on a built-in Azure that begins empty and ends with the test.

    Addresses are those of plans; of a module that is rehearsed alone, its own names. Every method
    raises DiagnosticError, with file, line and column, for what azsec would refuse.
    """

    _session: Session
    _environment: str
    _prefix: str = ""

    def plan(self) -> PlanDocument:
        """Return the plan: `summary.create`, `summary.changes`, `changes`, `diagnostics`."""
        return self._session.plan(self._environment, (), PlanChoices()).document

    def apply(self, *, allow_delete: bool = False) -> ApplyDocument:
        """Plan and apply; return the steps and the outputs.

        Raises GateError for deletes without `allow_delete`, and DiagnosticError too where planning
        fails.

        Raises:
            DiagnosticError: Where a step failed.
        """
        options = ApplyOptions(allow_delete, parallelism=4)
        plan = self._session.plan(self._environment, (), PlanChoices(applies=True))
        check_permitted(plan, options)
        document = self._session.apply(plan, options)
        failed = [step for step in document.steps if step.outcome is not Outcome.SUCCEEDED]
        if failed:
            raise DiagnosticError(
                *(
                    error("apply-failed", f"{step.address} {step.outcome}: {step.message}.")
                    for step in failed
                )
            )
        return document

    def drift(self) -> DriftDocument:
        """Return the differences between the built-in Azure and the files."""
        return self._session.drift(self._environment, None)

    def check(self) -> CheckDocument:
        """Return the results of every control, evaluated on the desired state."""
        return self._session.check(self._environment, StateKind.DESIRED)

    def body(self, address: str) -> Mapping[str, Any]:
        """Return the body of a resource, as the built-in Azure answers it.

        Raises AzureError for a resource that does not exist.

        Raises:
            DiagnosticError: Where the files do not have the address.
        """
        desired = self._session.reach(self._environment)
        resource = desired.graph.resources.get(f"{self._prefix}{address}")
        if resource is None:
            known = [each.removeprefix(self._prefix) for each in desired.graph.resources]
            message = f"there is no resource at {address!r}."
            raise DiagnosticError(error("unknown-address", message, None, nearest(address, known)))
        client = self._session.connect(desired.document)
        return client.request("GET", resource.id.text, resource.type.api_version)


@contextmanager
def rehearse(environment: str, parameters: Mapping[str, Any] | None = None) -> Iterator[Rehearsal]:
    """Open an environment, by its name or path, on a built-in Azure of its own.

    The cloud that it names is not used. `parameters` take precedence over those that its file
    states; variables of the process (`AZSEC_PARAM_…`) are not read. Raises DiagnosticError.
    """
    given = (parameters or {}).items()
    values = [recorded_value(name, value, "the test") for name, value in given]
    with _open(None, values) as session:
        yield Rehearsal(session, environment)


@contextmanager
def rehearse_module(
    source: str,
    parameters: Mapping[str, Any] | None = None,
    *,
    beside: Mapping[str, Mapping[str, Any]] | None = None,
) -> Iterator[Rehearsal]:
    """Open one module in a resource group of its own.

    Given its path from the working directory, or any `source`. `parameters` may be expressions, and
    read the resources in `beside`: what the module depends on (a network, a workspace), written as
    in a blueprint, by name. Raises DiagnosticError.
    """
    blueprint = {
        "apiVersion": "azsec/v1",
        "kind": "Blueprint",
        "metadata": {"name": "rehearsal"},
        "resourceGroups": {
            _GROUP: {"subscription": "main", "name": "rg-rehearsal", "location": "westeurope"}
        },
        "resources": {
            name: {"resourceGroup": _GROUP, **each} for name, each in (beside or {}).items()
        },
        "modules": {
            _CALL: {
                "source": Path(source).as_posix() if is_local(source) else source,
                "resourceGroup": _GROUP,
                "parameters": dict(parameters or {}),
            }
        },
    }
    environment = "rehearsal.yaml"
    files = {environment: _ENVIRONMENT, str(_ENVIRONMENT["blueprint"]): blueprint}
    texts = {path: json.dumps(file) for path, file in files.items()}  # JSON is YAML
    with _open(MemoryFiles(texts, FileSources())) as session:
        yield Rehearsal(session, environment, f"{_CALL}.")


@contextmanager
def _open(sources: Sources | None, values: Sequence[ParameterValue] = ()) -> Iterator[Session]:
    if os.environ.get(LOCAL_ENDPOINT):
        raise DiagnosticError(
            error(
                "option-without-effect",
                f"{LOCAL_ENDPOINT} names a built-in Azure that runs already, and a test has its "
                "own.",
                None,
                "Unset it.",
            )
        )
    with (
        TemporaryDirectory(prefix="azsec-test-") as folder,
        LocalAzure.start(load_catalog(), None) as local,
        Session(
            cloud="local",
            local_state=str(Path(folder, "local.db")),
            parallelism=4,
            realistic=None,
            quiet=True,
            surroundings=SessionContext(
                sources, lambda: local.endpoint, values, variables={}, memory=Path(folder)
            ),
        ) as session,
    ):
        yield session


@dataclass(frozen=True)
class AzureDouble:
    """A built-in Azure for tests of programs that talk to Azure.

    It begins empty and ends with the test. Every credential signs in, as Owner.
    """

    _server: LocalAzure
    _variables: Mapping[str, str]

    @property
    def endpoint(self) -> str:
        """The base URL of Azure Resource Manager, Entra and Graph, without a trailing slash."""
        return self._server.endpoint

    @property
    def tenant_id(self) -> str:
        """The tenant."""
        return self._server.tenant

    @property
    def subscription_id(self) -> str:
        """The one subscription that exists from the start."""
        return self._server.subscriptions[0]

    @property
    def certificate_authority(self) -> str:
        """The path of the certificate that clients have to trust, in PEM."""
        certificate = self._server.certificate
        assert certificate is not None
        return str(certificate.authority)

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment variables by which az, Terraform and the SDKs find it.

        For `subprocess`, or `monkeypatch.setenv`.
        """
        return self._variables

    @property
    def requests(self) -> Sequence[RecordedRequest]:
        """The requests answered so far (`method`, `path`, `status`), the oldest first."""
        return self._server.requests

    @property
    def faults(self) -> Faults:
        """The faults to inject: `throttle`, `unavailable`, `deny`, `drop`, `fail_operation`."""
        return self._server.faults

    def client(self, kind: Callable[..., Any], **options: Any) -> Any:  # noqa: ANN401  any client
        """Return a client of an `azure-mgmt-*` package for the subscription."""
        scope = f"{self.endpoint}/.default"
        return kind(
            _LocalCredential(),
            self.subscription_id,
            base_url=self.endpoint,
            credential_scopes=[scope],
            connection_verify=self.certificate_authority,
            **options,
        )


class _LocalCredential:
    """The token of the local operator."""

    def get_token(self, *_scopes: str, **_options: object) -> AccessToken:
        """Return a token that does not expire while a test runs."""
        return AccessToken("local", int(time.time()) + 86_400)


@contextmanager
def open_azure() -> Iterator[AzureDouble]:
    """Start an empty built-in Azure over TLS, for the block."""
    with TemporaryDirectory(prefix="azsec-local-") as folder:
        tenancy = Tenancy(subscriptions=(StatedSubscription(_SUBSCRIPTION, "local"),))
        access = Access(certificates=Path(folder), tenancy=tenancy)
        with LocalAzure.start(load_catalog(), None, access=access) as server:
            assert server.certificate is not None
            authority = server.certificate.authority
            trust = write_trust(Path(folder), authority)
            running = Running(
                endpoint=server.endpoint,
                tenant=server.tenant,
                subscription=_SUBSCRIPTION,
                client=OPERATOR_APPLICATION,
                trust=str(trust),
                authority=str(authority),
            )
            yield AzureDouble(server, variables_of(running))
