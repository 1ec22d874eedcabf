"""The dependencies between the resources of a deployment, and the order that follows from them.

`dependsOn` names a resource by id, by name (`vnet`, or `TYPE/vnet`), by the name of its copy loop,
or by symbolic name. `reference` and the `list*` functions are implicit dependencies where they name
a resource of the same template by name; by resource id they are not, as in Azure.

Source: "Define the order for deploying resources in ARM templates".
"""

from collections.abc import Iterator, Mapping, Sequence

from provisioner.catalog.deployment import RESOURCE_GROUP_TYPE
from provisioner.model.resource_id import RESOURCE_GROUP
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.template_language.copies import has_inner_scope, is_deployment
from provisioner.simulator.template_language.expressions import evaluate_expression
from provisioner.simulator.template_language.instances import ResourceInstance
from provisioner.simulator.template_language.syntax import Call, calls_in
from provisioner.simulator.template_language.template_errors import (
    ExpressionError,
    InvalidTemplateError,
    Value,
)
from provisioner.simulator.template_language.templates import is_runtime


def dependencies(instances: Sequence[ResourceInstance]) -> dict[str, frozenset[str]]:
    """Return the keys of the resources that each resource waits for, by its key.

    Raises:
        InvalidTemplateError: `dependsOn` names a resource that is not in the template.
    """
    keys_by_name = _keys_by_name(instances)
    waits: dict[str, set[str]] = {}
    for instance in instances:
        found = waits.setdefault(instance.key, set())
        for text in instance.depends_on:
            keys = keys_by_name.get(text.lower())
            if keys is None:
                raise InvalidTemplateError(
                    f"The resource '{text}' is not defined in the template. Please see "
                    "https://aka.ms/arm-syntax for usage details",
                    (*instance.path, "dependsOn"),
                )
            found |= keys
        for text in _referenced_names(instance):
            found |= keys_by_name.get(text.lower(), set()) - {instance.key}
    _add_batches(instances, waits)
    return {key: frozenset(found) for key, found in waits.items()}


def _keys_by_name(instances: Sequence[ResourceInstance]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for instance in instances:
        kind, names = instance.type, instance.name.split("/")
        namespace, *kinds = kind.split("/")
        pairs = "/".join(f"{one}/{name}" for one, name in zip(kinds, names, strict=False))
        known = (
            instance.id.key,
            *_provider_style_id(instance),
            f"{namespace}/{pairs}",
            f"{kind}/{instance.name}",
            *((instance.symbol, instance.key) if instance.symbol else (instance.name,)),
            *((instance.loop,) if instance.loop else ()),
        )
        for name in known:
            found.setdefault(name.lower(), set()).add(instance.key)
    return found


def _provider_style_id(instance: ResourceInstance) -> tuple[str, ...]:
    """Return the id of a resource group in its other form, with `/providers/`.

    `subscriptionResourceId` returns this form, and the Bicep compiler writes it into `dependsOn`.
    """
    if instance.id.type != RESOURCE_GROUP or instance.id.scope is None:
        return ()
    return (f"{instance.id.scope.text}/providers/{RESOURCE_GROUP_TYPE}/{instance.id.name}",)


def _referenced_names(instance: ResourceInstance) -> Iterator[str]:
    """Yield the resource names in `reference` and `list*` calls that are known at the start."""
    for call in calls_in(_body_without_inner_template(instance)):
        if is_runtime(call.function) and not str(_first_argument(call, instance)).startswith("/"):
            yield str(_first_argument(call, instance))


def _body_without_inner_template(instance: ResourceInstance) -> Value:
    """Return a body without a nested template that is evaluated in its own scope."""
    entry: Mapping[str, Value] = {**instance.content, "type": instance.type}
    if is_deployment(entry) and has_inner_scope(entry):
        properties = {k: v for k, v in entry["properties"].items() if k != "template"}
        return {**entry, "properties": properties}
    return entry


def _first_argument(call: Call, instance: ResourceInstance) -> Value:
    try:
        return evaluate_expression(call.arguments[0], instance.functions)
    except (ExpressionError, RefusalError):
        # It depends on what is known while deploying: such a name is no dependency in Azure either.
        return ""


def _add_batches(instances: Sequence[ResourceInstance], waits: dict[str, set[str]]) -> None:
    """Make each batch of a serial copy loop wait for the batch before it."""
    batches: dict[tuple[str, int], set[str]] = {}
    for instance in instances:
        if instance.batch is not None:
            batches.setdefault((instance.loop, instance.batch), set()).add(instance.key)
    for instance in instances:
        if instance.batch:
            waits[instance.key] |= batches[(instance.loop, instance.batch - 1)]


def deployment_order(
    instances: Sequence[ResourceInstance], waits: Mapping[str, frozenset[str]]
) -> Iterator[ResourceInstance]:
    """Yield the resources, each after the ones it waits for.

    Azure starts every resource at once whose dependencies are done, in no order that a template may
    rely on. Here the last one in the template goes first, so that a missing `dependsOn` fails in a
    test and not at random in production.

    Raises:
        InvalidTemplateError: the dependencies have a cycle.
    """
    done: set[str] = set()
    left = {instance.key: instance for instance in instances}
    while left:
        ready = [key for key in left if done.issuperset(waits[key])]
        if not ready:
            stuck = next(iter(left.values()))
            raise InvalidTemplateError(
                f"Circular dependency detected on resource: '{stuck.id}'", stuck.path
            )
        for key in reversed(ready):
            done.add(key)
            yield left.pop(key)
