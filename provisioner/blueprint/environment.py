"""An environment file, checked: where a blueprint is applied, and with which values."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from provisioner.blueprint.files import EnvironmentFile, Sources, load_file, relative_to, span_of
from provisioner.blueprint.yaml_source import Node
from provisioner.model.diagnostic import DiagnosticError, error

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True, slots=True)
class Environment:
    """One environment. `subscriptions` maps alias to GUID; paths are relative to where the
    command runs; `node` is the file, for the places of what is wrong with it."""

    name: str
    path: str
    blueprint: str
    cloud: str
    auth: str
    tenant_id: str
    subscriptions: Mapping[str, str]
    node: Node

    @property
    def parameters(self) -> Mapping[str, Node]:
        """The values given to the blueprint's parameters."""
        given = self.node.get("parameters")
        return given.entries if given else {}


def load_environment(path: str, sources: Sources) -> Environment:
    """Read the environment file at `path`. Raises DiagnosticError with every place."""
    file, node = load_file(EnvironmentFile, path, sources)
    wrong = [
        error(
            "wrong-subscription",
            f"subscription {alias!r} is {value!r}; expected the subscription's GUID.",
            node.find(("subscriptions", alias)).span,
            "`az account list` prints it.",
        )
        for alias, value in file.subscriptions.items()
        if not _GUID.fullmatch(value)
    ]
    if wrong:
        raise DiagnosticError(*wrong)
    if not file.subscriptions:
        raise DiagnosticError(
            error("missing-property", "no subscription is named.", span_of(node, "subscriptions"))
        )
    return Environment(
        name=file.metadata.name,
        path=path,
        blueprint=relative_to(path, file.blueprint),
        cloud=file.cloud,
        auth=file.auth,
        tenant_id=file.tenant_id.lower(),
        subscriptions={alias: guid.lower() for alias, guid in file.subscriptions.items()},
        node=node,
    )
