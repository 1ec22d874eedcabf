"""The resources of a template in a scope: loops expanded, conditions evaluated, ids known.

All of this is evaluated before anything is deployed, as in Azure: names, conditions, counts and
dependencies may use no function that reads a resource.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from provisioner.catalog.deployment import MOST_RESOURCES
from provisioner.model.resource_id import ResourceId
from provisioner.simulator.template_language.copies import loop_count, with_copy_index
from provisioner.simulator.template_language.expressions import Functions, evaluate
from provisioner.simulator.template_language.scopes import resource_id_of
from provisioner.simulator.template_language.template_errors import (
    InvalidTemplateError,
    Path,
    Value,
)
from provisioner.simulator.template_language.templates import DeclaredResource, Template

_API_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(-[a-z0-9-]+)?", re.IGNORECASE)
_HEAD = ("apiVersion", "dependsOn", "name", "resourceGroup", "scope", "subscriptionId", "type")
_NOT_CONTENT = frozenset(
    {
        "@options", "apiVersion", "comments", "condition", "copy", "dependsOn",
        "existing", "metadata", "name", "resourceGroup", "resources", "scope", "subscriptionId",
        "type",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ResourceInstance:
    """One resource of a deployment.

    key          what tells it from the others of its template: `symbol`, `symbol[0]`, or its id
    name         as the template states it, evaluated: `network/subnet`
    loop         the name of its copy loop, or ""
    batch        which of the batches of its loop it is in, from 0; None where all go at once
    is_deployed  whether its condition holds
    is_existing  whether it is only referred to
    is_once      whether one that exists is left as it is (`onlyIfNotExists`)
    content      its body, not evaluated; `functions` are those to evaluate it with
    """

    key: str
    id: ResourceId
    type: str
    name: str
    api_version: str
    content: Mapping[str, Any]
    path: Path
    functions: Functions
    depends_on: tuple[str, ...] = ()
    symbol: str = ""
    loop: str = ""
    batch: int | None = None
    is_deployed: bool = True
    is_existing: bool = False
    is_once: bool = False
    head: Mapping[str, Any] | None = None

    @property
    def is_written(self) -> bool:
        """Whether the deployment writes it."""
        return self.is_deployed and not self.is_existing


def expand(
    template: Template, scope: ResourceId | None, functions: Functions
) -> list[ResourceInstance]:
    """Return the resources of a template in its order, copy loops expanded.

    `functions` need not include those that read resources.

    Raises:
        InvalidTemplateError: two resources have the same id, or there are more than 800.
    """
    found: list[ResourceInstance] = []
    written: dict[str, ResourceInstance] = {}
    for declared in template.resources:
        for instance in _expand_loop(declared, scope, functions):
            found.append(instance)
            if not instance.is_written:
                continue
            if instance.id.key in written:
                raise InvalidTemplateError(
                    f"The resource '{instance.id}' is defined multiple times in a template",
                    instance.path,
                )
            written[instance.id.key] = instance
        if len(found) > MOST_RESOURCES:
            raise InvalidTemplateError(
                f"The number of template resources '{len(found)}' exceeds the limit of "
                f"'{MOST_RESOURCES}'",
                ("resources",),
            )
    return found


def _expand_loop(
    declared: DeclaredResource, scope: ResourceId | None, functions: Functions
) -> Iterator[ResourceInstance]:
    loop = declared.entry.get("copy")
    if loop is None:
        yield _instantiate(declared, scope, functions, declared.symbol)
        return
    path = (*declared.path, "copy")
    if not isinstance(loop, Mapping) or not isinstance(loop.get("name"), str):
        raise InvalidTemplateError("The copy loop of a resource has no 'name'", path)
    mode = str(evaluate(loop.get("mode", "parallel"), functions, path)).lower()
    size = evaluate(loop.get("batchSize", 1), functions, path)
    if mode not in ("serial", "parallel") or not isinstance(size, int) or size < 1:
        raise InvalidTemplateError(
            "The 'mode' of a copy loop must be 'serial' or 'parallel', its 'batchSize' at least 1",
            path,
        )
    for index in range(loop_count(loop, functions, path)):
        key = f"{declared.symbol}[{index}]" if declared.symbol else ""
        rounds = with_copy_index(functions, loop["name"], index)
        one = _instantiate(declared, scope, rounds, key)
        batch = index // size if mode == "serial" else None
        yield replace(one, loop=loop["name"], batch=batch)


def _instantiate(
    declared: DeclaredResource, scope: ResourceId | None, functions: Functions, key: str
) -> ResourceInstance:
    entry, path = declared.entry, declared.path
    head = {
        name: evaluate(entry[name], functions, (*path, name)) for name in _HEAD if name in entry
    }
    for name in ("resourceGroup", "subscriptionId"):
        if name in head and not (isinstance(head[name], str) and head[name]):
            raise InvalidTemplateError(f"The '{name}' of a resource is no text", (*path, name))
    version = head["apiVersion"]
    # A malformed version is a fault of the template; one that the type does not have is reported by
    # the provider when the resource is written.
    if not isinstance(version, str) or _API_VERSION.fullmatch(version) is None:
        raise InvalidTemplateError(
            f"The api version '{version}' of a resource is not valid", (*path, "apiVersion")
        )
    _qualify_type_and_name(head, declared, functions)
    condition = evaluate(entry.get("condition", True), functions, (*path, "condition"))
    if not isinstance(condition, bool):
        raise InvalidTemplateError(
            f"The condition of the resource '{head['name']}' comes to '{condition}', no boolean",
            (*path, "condition"),
        )
    depends = head.get("dependsOn") or []
    if not isinstance(depends, list) or not all(isinstance(one, str) for one in depends):
        raise InvalidTemplateError("'dependsOn' must be a list of texts", (*path, "dependsOn"))
    resource = resource_id_of(head, scope, (*path, "name"))
    return ResourceInstance(
        key=key or resource.key,
        id=resource,
        type=head["type"],
        name=head["name"],
        api_version=head["apiVersion"],
        content={name: item for name, item in entry.items() if name not in _NOT_CONTENT},
        path=path,
        functions=functions,
        depends_on=tuple(depends),
        symbol=declared.symbol,
        is_deployed=condition,
        is_existing=entry.get("existing") is True,
        is_once=_is_created_only_once(entry.get("@options"), path),
        head=head,
    )


def _is_created_only_once(options: Value, path: Path) -> bool:
    if options is None:
        return False
    if not isinstance(options, Mapping) or options.keys() - {"onlyIfNotExists"}:
        raise InvalidTemplateError(
            "The built-in Azure knows 'onlyIfNotExists' alone of '@options'", (*path, "@options")
        )
    return options.get("onlyIfNotExists") is True


def _qualify_type_and_name(
    head: dict[str, Any], declared: DeclaredResource, functions: Functions
) -> None:
    """Set the full type and name of a resource that is declared inside of another.

    Raises:
        InvalidTemplateError: its type or name is no text.
    """
    for name in ("type", "name"):
        if not isinstance(head.get(name), str):
            raise InvalidTemplateError(f"The '{name}' of a resource is no text", declared.path)
        outer = [str(evaluate(parent[name], functions)) for parent in declared.parents]
        # Children may be written with their whole type and name all the same.
        if outer and head[name].lower().startswith(outer[0].lower() + "/"):
            continue
        head[name] = "/".join((*outer, head[name]))
