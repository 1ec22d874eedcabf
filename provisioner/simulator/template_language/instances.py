"""The resources that a template comes to in a scope: loops run, conditions decided, ids known."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from provisioner.catalog.deployment import MOST_RESOURCES
from provisioner.model.resource_id import ResourceId
from provisioner.simulator.template_language.copies import in_loop, loop_count
from provisioner.simulator.template_language.expressions import Functions, evaluate
from provisioner.simulator.template_language.scopes import resource_id_of
from provisioner.simulator.template_language.template_errors import Path, Value, invalid_template
from provisioner.simulator.template_language.templates import Declared, Template

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
class Instance:
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


def expand(template: Template, scope: ResourceId | None, functions: Functions) -> list[Instance]:
    """Return the resources of a template, in its order. Raises TemplateError.

    `functions` need none that look at resources.
    """
    found: list[Instance] = []
    written: dict[str, Instance] = {}
    for declared in template.resources:
        for instance in _instances(declared, scope, functions):
            found.append(instance)
            if not instance.is_written:
                continue
            if instance.id.key in written:
                raise invalid_template(
                    f"The resource '{instance.id}' is defined multiple times in a template",
                    instance.path,
                )
            written[instance.id.key] = instance
        if len(found) > MOST_RESOURCES:
            raise invalid_template(
                f"The number of template resources '{len(found)}' exceeds the limit of "
                f"'{MOST_RESOURCES}'",
                ("resources",),
            )
    return found


def _instances(
    declared: Declared, scope: ResourceId | None, functions: Functions
) -> Iterator[Instance]:
    loop = declared.entry.get("copy")
    if loop is None:
        yield _instance(declared, scope, functions, declared.symbol)
        return
    path = (*declared.path, "copy")
    if not isinstance(loop, Mapping) or not isinstance(loop.get("name"), str):
        raise invalid_template("The copy loop of a resource has no 'name'", path)
    mode = str(evaluate(loop.get("mode", "parallel"), functions, path)).lower()
    size = evaluate(loop.get("batchSize", 1), functions, path)
    if mode not in ("serial", "parallel") or not isinstance(size, int) or size < 1:
        raise invalid_template(
            "The 'mode' of a copy loop must be 'serial' or 'parallel', its 'batchSize' at least 1",
            path,
        )
    for index in range(loop_count(loop, functions, path)):
        key = f"{declared.symbol}[{index}]" if declared.symbol else ""
        rounds = in_loop(functions, loop["name"], index)
        one = _instance(declared, scope, rounds, key)
        batch = index // size if mode == "serial" else None
        yield replace(one, loop=loop["name"], batch=batch)


def _instance(
    declared: Declared, scope: ResourceId | None, functions: Functions, key: str
) -> Instance:
    entry, path = declared.entry, declared.path
    head = {
        name: evaluate(entry[name], functions, (*path, name)) for name in _HEAD if name in entry
    }
    for name in ("resourceGroup", "subscriptionId"):
        if name in head and not (isinstance(head[name], str) and head[name]):
            raise invalid_template(f"The '{name}' of a resource is no text", (*path, name))
    version = head["apiVersion"]
    if not isinstance(version, str) or _API_VERSION.fullmatch(version) is None:
        raise invalid_template(
            f"The api version '{version}' of a resource is not valid", (*path, "apiVersion")
        )
    _join_parents(head, declared, functions)
    condition = evaluate(entry.get("condition", True), functions, (*path, "condition"))
    if not isinstance(condition, bool):
        raise invalid_template(
            f"The condition of the resource '{head['name']}' comes to '{condition}', no boolean",
            (*path, "condition"),
        )
    depends = head.get("dependsOn") or []
    if not isinstance(depends, list) or not all(isinstance(one, str) for one in depends):
        raise invalid_template("'dependsOn' must be a list of texts", (*path, "dependsOn"))
    resource = resource_id_of(head, scope, (*path, "name"))
    return Instance(
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
        is_once=_is_once(entry.get("@options"), path),
        head=head,
    )


def _is_once(options: Value, path: Path) -> bool:
    if options is None:
        return False
    if not isinstance(options, Mapping) or options.keys() - {"onlyIfNotExists"}:
        raise invalid_template(
            "The built-in Azure knows 'onlyIfNotExists' alone of '@options'", (*path, "@options")
        )
    return options.get("onlyIfNotExists") is True


def _join_parents(head: dict[str, Any], declared: Declared, functions: Functions) -> None:
    """Give a resource that is written inside of another its whole type and name."""
    for name in ("type", "name"):
        if not isinstance(head.get(name), str):
            raise invalid_template(f"The '{name}' of a resource is no text", declared.path)
        outer = [str(evaluate(parent[name], functions)) for parent in declared.parents]
        # Children may be written with their whole type and name all the same.
        if outer and head[name].lower().startswith(outer[0].lower() + "/"):
            continue
        head[name] = "/".join((*outer, head[name]))
