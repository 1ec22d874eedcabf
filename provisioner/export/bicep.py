"""Export as Bicep: `main.bicep` for a subscription, with a module for each deployment.

Inside a module a resource is referred to by its symbol: its id, parent, scope and properties. A
resource that is deployed elsewhere is declared as `existing` where a module refers to it.
"""

from collections.abc import Iterable, Mapping

from provisioner.export.bicep_text import (
    INDENT,
    ReadExpression,
    Writer,
    quote,
    write_block,
    write_steps,
)
from provisioner.export.deployments import Deployment, Export, Item
from provisioner.export.symbols import Symbols
from provisioner.export.terms import Read
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.model.resource_id import RESOURCE_GROUP, ResourceId

FILE = "main.bicep"
_FOLDER = "modules"


def bicep_files(export: Export) -> Mapping[str, str]:
    """Return the files of an export, by their path below one folder.

    A type whose API version azsec does not know is a DiagnosticError (`not-exportable`).
    """
    files = {FILE: _main(export)}
    for deployment in export.deployments:
        files[_path(deployment)] = _Module(export, deployment).write()
    return files


def _path(deployment: Deployment) -> str:
    return f"{_FOLDER}/{deployment.name}.bicep"


def _main(export: Export) -> str:
    symbols = {one.name: one.symbol for one in export.deployments}
    existing = _Existing(export, None)

    def say(read: Read) -> str:
        passed = export.passed.get(read)
        if passed is None:
            return existing.symbol(export.graph.resources[read.address].id) + write_steps(read.path)
        return f"{symbols[passed.source]}.outputs.{passed.name}"

    calls = [_call(one, symbols, say) for one in export.deployments]
    outputs = [
        f"output {output.name} {output.kind} = {Writer(say).write(output.value)}\n"
        for output in export.outputs
    ]
    head = f"// {export.environment}, of {export.blueprint}\n\ntargetScope = 'subscription'\n"
    return _join(head, *existing.declarations, *calls, "".join(outputs))


def _call(deployment: Deployment, symbols: Mapping[str, str], say: ReadExpression) -> str:
    subscription = quote(deployment.scope.subscription or "")
    in_group = deployment.scope.type == RESOURCE_GROUP
    scope = (
        f"resourceGroup({subscription}, {quote(deployment.scope.name)})"
        if in_group
        else f"subscription({subscription})"
    )
    entries = [f"name: {quote(deployment.name)}", f"scope: {scope}"]
    params = [f"{passed.name}: {say(passed.read)}" for passed in deployment.parameters]
    if params:
        entries.append(f"params: {write_block('{', params, '}', INDENT)}")
    read_from = {passed.source for passed in deployment.parameters}
    waits = [symbols[name] for name in deployment.waits if name not in read_from]
    if waits:
        entries.append(f"dependsOn: {write_block('[', waits, ']', INDENT)}")
    head = f"module {deployment.symbol} {quote(_path(deployment))} = "
    return head + write_block("{", entries, "}") + "\n"


class _Module:
    """One module. A resource that it does not deploy is declared as `existing`."""

    def __init__(self, export: Export, deployment: Deployment) -> None:
        self._export = export
        self._deployment = deployment
        self._inside = {item.resource.address: item for item in deployment.items}
        self._by_id = {item.resource.id.key: item.resource.address for item in deployment.items}
        self._given = {passed.read: passed.name for passed in deployment.parameters}
        self._existing = _Existing(export, deployment.scope)

    def write(self) -> str:
        """Return the text of the module."""
        scope = "resourceGroup" if self._deployment.scope.type == RESOURCE_GROUP else "subscription"
        parameters = "".join(f"param {p.name} {p.kind}\n" for p in self._deployment.parameters)
        resources = [self._resource(item) for item in self._deployment.items]
        outputs = "".join(
            f"output {p.name} {p.kind} = {self._read_expression(p.read)}\n"
            for p in self._deployment.outputs
        )
        declared = self._existing.declarations
        return _join(f"targetScope = '{scope}'\n", parameters, *declared, *resources, outputs)

    def _resource(self, item: Item) -> str:
        resource = item.resource
        named: set[str] = set()

        def say(read: Read) -> str:
            named.add(read.address)
            return self._read_expression(read)

        def refer(text: str) -> str | None:
            address = self._by_id.get(text.lower())
            if address not in before or self._inside[address].resource.id.text != text:
                return None
            named.add(address)
            return f"{self._export.symbols[address]}.id"

        before = self._dependencies(item)
        writer = Writer(say, refer)
        entries = [*self._parent_or_scope(resource.id, named)]
        entries += [f"{key}: {writer.write(value, INDENT)}" for key, value in item.body.items()]
        waits = [self._export.symbols[on] for on in item.waits if on not in named]
        if waits:
            entries.append(f"dependsOn: {write_block('[', waits, ']', INDENT)}")
        symbol = self._export.symbols[resource.address]
        version = f"{resource.type.name}@{resource.type.api_version}"
        declared = f"resource {symbol} {quote(version)} = {write_block('{', entries, '}')}\n"
        return f"// {resource.address}\n{declared}"

    def _dependencies(self, item: Item) -> set[str]:
        """Return the resources of this module that one is deployed after.

        It may refer to them alone: a reference by symbol makes Bicep add a dependency, so that any
        other one could be a cycle.
        """
        found: set[str] = set()
        left = list(item.waits)
        while left:
            address = left.pop()
            if address not in found:
                found.add(address)
                left += self._inside[address].waits
        return found

    def _parent_or_scope(self, resource: ResourceId, named: set[str]) -> Iterable[str]:
        """Yield the parent or scope of a resource, and its name there."""
        if resource.parent is not None:
            yield f"parent: {self._symbol(resource.parent, named)}"
        elif resource.scope is not None and resource.scope != self._deployment.scope:
            yield f"scope: {self._symbol(resource.scope, named)}"
        yield f"name: {quote(resource.name)}"

    def _symbol(self, resource: ResourceId, named: set[str]) -> str:
        address = self._by_id.get(resource.key)
        if address is None:
            return self._existing.symbol(resource)
        named.add(address)
        return self._export.symbols[address]

    def _read_expression(self, read: Read) -> str:
        if read in self._given:
            return self._given[read]
        resource = self._export.graph.resources[read.address]
        return self._symbol(resource.id, set()) + write_steps(read.path)


class _Existing:
    """The `existing` declarations of a file: resources that it refers to and does not deploy.

    `scope` is the target scope of the file; None for the main file, which deploys modules alone.
    """

    def __init__(self, export: Export, scope: ResourceId | None) -> None:
        self._export = export
        self._scope = scope
        self._symbols = Symbols(
            {*export.symbols.values(), *(p.name for p in export.passed.values())}
        )
        self._given: dict[str, str] = {}
        self._texts: dict[str, str] = {}

    @property
    def declarations(self) -> list[str]:
        """The declarations of everything that was referred to, in the order of the ids."""
        return [self._texts[key] for key in sorted(self._texts)]

    def symbol(self, resource: ResourceId) -> str:
        """Return the symbol of a resource that is not deployed here."""
        if resource.key not in self._given:
            known = self._export.graph.by_id.get(resource.key)
            self._given[resource.key] = (
                self._export.symbols[known.address] if known else self._symbols.give(resource.name)
            )
            self._texts[resource.key] = self._declare(resource, self._given[resource.key])
        return self._given[resource.key]

    def _declare(self, resource: ResourceId, symbol: str) -> str:
        catalog = self._export.catalog
        # A place to assign roles at is declared as its holder's child; Bicep warns of its type.
        known = catalog.of(resource) or catalog.access_holder(resource)
        if known is None:
            raise DiagnosticError(
                error(
                    "not-exportable",
                    f"Bicep has to name an api version of {resource.type}, which azsec does not "
                    f"know, for {resource}.",
                    None,
                    "Use --output arm, or state it as `existing: true` of a known type.",
                )
            )
        entries = [f"name: {quote('/'.join(resource.names))}"]
        if resource.scope is not None and resource.scope != self._scope:
            entries.append(f"scope: {self._scope_of(resource.scope)}")
        version = quote(f"{resource.type}@{known.api_version}")
        return f"resource {symbol} {version} existing = {write_block('{', entries, '}')}\n"

    def _scope_of(self, scope: ResourceId) -> str:
        if not scope.is_container:
            return self.symbol(scope)
        subscription = quote(scope.subscription or "")
        if scope.type == RESOURCE_GROUP:
            return f"resourceGroup({subscription}, {quote(scope.name)})"
        return f"subscription({subscription})"


def _join(*parts: str) -> str:
    return "\n".join(part for part in parts if part)
