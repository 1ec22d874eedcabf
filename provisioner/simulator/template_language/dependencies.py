"""What a resource of a deployment waits for, and the order that follows from it.

A dependency is named by id, by name (`vnet`, or with the type before it: `TYPE/vnet`), by the name
of a copy loop, or by symbolic name. `reference` and the `list` functions are dependencies too where
they name a resource of the template, but not by id.
Facts: "Define the order for deploying resources in ARM templates".
"""

from collections.abc import Iterator, Mapping, Sequence

from provisioner.catalog.deployment import RESOURCE_GROUP_TYPE
from provisioner.model.resource_id import RESOURCE_GROUP
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.template_language.copies import has_inner_scope, is_deployment
from provisioner.simulator.template_language.expressions import evaluate_expression
from provisioner.simulator.template_language.instances import Instance
from provisioner.simulator.template_language.syntax import Call, calls_in
from provisioner.simulator.template_language.template_errors import (
    ExpressionError,
    Value,
    invalid_template,
)
from provisioner.simulator.template_language.templates import is_runtime


def dependencies(instances: Sequence[Instance]) -> dict[str, frozenset[str]]:
    """Return the keys of what each resource waits for, by key. Raises TemplateError for one that
    is not in the template, and for a circle."""
    named = _by_name(instances)
    waits: dict[str, set[str]] = {}
    for instance in instances:
        found = waits.setdefault(instance.key, set())
        for text in instance.depends_on:
            keys = named.get(text.lower())
            if keys is None:
                raise invalid_template(
                    f"The resource '{text}' is not defined in the template. Please see "
                    "https://aka.ms/arm-syntax for usage details",
                    (*instance.path, "dependsOn"),
                )
            found |= keys
        for text in _referred(instance):
            found |= named.get(text.lower(), set()) - {instance.key}
    _add_batches(instances, waits)
    return {key: frozenset(found) for key, found in waits.items()}


def _by_name(instances: Sequence[Instance]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for instance in instances:
        kind, names = instance.type, instance.name.split("/")
        namespace, *kinds = kind.split("/")
        pairs = "/".join(f"{one}/{name}" for one, name in zip(kinds, names, strict=False))
        known = (
            instance.id.key,
            *_written_as_type(instance),
            f"{namespace}/{pairs}",
            f"{kind}/{instance.name}",
            *((instance.symbol, instance.key) if instance.symbol else (instance.name,)),
            *((instance.loop,) if instance.loop else ()),
        )
        for name in known:
            found.setdefault(name.lower(), set()).add(instance.key)
    return found


def _written_as_type(instance: Instance) -> tuple[str, ...]:
    """Return the other id of a resource group, with its type: what `subscriptionResourceId` makes,
    and the Bicep compiler writes."""
    if instance.id.type != RESOURCE_GROUP or instance.id.scope is None:
        return ()
    return (f"{instance.id.scope.text}/providers/{RESOURCE_GROUP_TYPE}/{instance.id.name}",)


def _referred(instance: Instance) -> Iterator[str]:
    """Yield the names that a resource's body refers to, as far as they are known at the start."""
    for call in calls_in(_own(instance)):
        if is_runtime(call.function) and not str(_first(call, instance)).startswith("/"):
            yield str(_first(call, instance))


def _own(instance: Instance) -> Value:
    """Return a body without a nested template that is evaluated by itself."""
    entry: Mapping[str, Value] = {**instance.content, "type": instance.type}
    if is_deployment(entry) and has_inner_scope(entry):
        properties = {k: v for k, v in entry["properties"].items() if k != "template"}
        return {**entry, "properties": properties}
    return entry


def _first(call: Call, instance: Instance) -> Value:
    try:
        return evaluate_expression(call.arguments[0], instance.functions)
    except (ExpressionError, RefusalError):
        # It depends on what is known while deploying: such a name is no dependency in Azure either.
        return ""


def _add_batches(instances: Sequence[Instance], waits: dict[str, set[str]]) -> None:
    """Let each batch of a serial loop wait for the one before."""
    batches: dict[tuple[str, int], set[str]] = {}
    for instance in instances:
        if instance.batch is not None:
            batches.setdefault((instance.loop, instance.batch), set()).add(instance.key)
    for instance in instances:
        if instance.batch:
            waits[instance.key] |= batches[(instance.loop, instance.batch - 1)]


def in_order(
    instances: Sequence[Instance], waits: Mapping[str, frozenset[str]]
) -> Iterator[Instance]:
    """Yield the resources, each after what it waits for. Raises TemplateError for a circle.

    Azure starts at once whatever waits for nothing more, in no order that a template could count
    on. Here the last in the template goes first, so that a wait which is missing shows.
    """
    done: set[str] = set()
    left = {instance.key: instance for instance in instances}
    while left:
        ready = [key for key in left if done.issuperset(waits[key])]
        if not ready:
            stuck = next(iter(left.values()))
            raise invalid_template(
                f"Circular dependency detected on resource: '{stuck.id}'", stuck.path
            )
        for key in reversed(ready):
            done.add(key)
            yield left.pop(key)
