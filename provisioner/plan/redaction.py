"""Redaction of live secrets in plans: a plan holds the place of a secret, never its value.

An update sends the live body, overlaid with the desired one, so what others own is kept (design:
updates merge). Where such a live value is a secret the plan file holds an Unknown in its place,
bound to the body that apply reads before it sends anything. What is sent is then what Azure has,
and a secret that was rotated since the plan is not put back.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from provisioner.catalog.resource_type import ResourceType
from provisioner.catalog.schema import SchemaIndex
from provisioner.catalog.sensitive_values import conceal_sensitive, find_sensitive
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error
from provisioner.model.secret_values import SecretFound, find_secrets
from provisioner.model.values import Body, Bound, ResourceValue, Sensitive, Unknown, Value, texts_in

Places: TypeAlias = Mapping[str, tuple[str | int, ...]]
"""Texts that no file may hold, with the paths at which a live body holds them."""

_LIVE = " in Azure"
_NAME = "live"
_NOWHERE: Places = MappingProxyType({})
_SIMPLE = re.compile(r"[A-Za-z0-9_ .:/@-]*")


def sensitive_places(
    resource_type: ResourceType,
    schemas: SchemaIndex,
    live: Body,
    desired: Mapping[str, Value] | None,
) -> Places:
    """Return the texts of a live body that no document may show, as the catalog states.

    Left out are those that the desired body states itself: they are sent as they are declared.
    """
    found = dict(find_sensitive(resource_type, schemas, live))
    return {text: path for text, path in found.items() if text not in set(texts_in(desired))}


def sensitive_problem(body: Value) -> str | None:
    """Return why a body may not be planned because an expression read a secret, or None.

    The secret is one that no document shows; the reason reads "tags.k would be the secret …".
    """
    for path, value in _leaf_values(body, ()):
        if isinstance(value, Sensitive):
            read = ", ".join(value.paths)
            return f"{''.join(_readable_steps(path)).removeprefix('.')} would be the secret {read}"
    return None


def _leaf_values(
    value: Value, path: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], Value]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaf_values(item, (*path, key))
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _leaf_values(item, (*path, index))
    else:
        yield path, value


def with_live_bodies(
    values: Mapping[str, Mapping[str, Value]],
) -> dict[str, Mapping[str, Value]]:
    """Return the known values by address, with the live bodies that `conceal`'s Unknowns refer to.

    They refer to what was read first, also after a step deleted or wrote the resource.
    """
    return {**values, **{f"{address}{_LIVE}": body for address, body in values.items()}}


def concealed_values(
    values: Mapping[str, Mapping[str, Value]],
    types: Mapping[str, ResourceType | None],
    schemas: SchemaIndex,
) -> Callable[[str], Mapping[str, Value] | None]:
    """Return the values that expressions read by address, with secrets replaced by a Sensitive.

    A value that an expression derives from a secret has lost its place, so an expression never sees
    one. `types` are the resources' types by address.

    What `conceal` refers to is given as it is: it is sent to where it was read.
    """
    concealed: dict[str, tuple[Mapping[str, Value], Mapping[str, Value]]] = {}

    def look_up(address: str) -> Mapping[str, Value] | None:
        body, known = values.get(address), types.get(address)
        if body is None or known is None or address.endswith(_LIVE):
            return body
        before = concealed.get(address)
        if before is not None and before[0] is body:
            return before[1]
        made = conceal_sensitive(known, schemas, address, body)
        concealed[address] = (body, made)
        return made

    return look_up


def conceal(
    body: Mapping[str, Value], live: Body, address: str, sensitive: Places = _NOWHERE
) -> Mapping[str, Value]:
    """Return a body of the resource at `address` with its live secrets as Unknowns.

    `sensitive` are more of them: texts that are secret by what the catalog knows of their place.

    Raises:
        DiagnosticError: Where a secret is not in `live`, or is a key of an object (`secret`): a
            file cannot hold it, and nothing states where apply could read it.
    """
    found = {secret.path: secret for secret in find_secrets(body)}
    if not found and not sensitive:
        return body
    places = {**sensitive, **{secret.text: secret.path for secret in find_secrets(live)}}
    for secret in found.values():
        if secret.is_key or secret.text not in places:
            raise DiagnosticError(_secret_without_source(secret, address))
    hidden = {path: secret.text for path, secret in found.items()}
    replaced = _Concealer(hidden, places, sensitive, live, address).replace(body, ())
    assert isinstance(replaced, Mapping)
    return replaced


def _secret_without_source(secret: SecretFound, address: str) -> Diagnostic:
    path = ".".join(str(step) for step in (secret.path[:-1] if secret.is_key else secret.path))
    return error(
        "secret",
        f"{address}: {path} holds {secret.kind}, which a plan cannot hold.",
        None,
        "Remove it in Azure, or state the property without it.",
    )


@dataclass(frozen=True, slots=True)
class _Concealer:
    """Replaces texts by Unknowns.

    It does so at the paths of `hidden`, and wherever one of `sensitive` stands.
    """

    hidden: Mapping[tuple[str | int, ...], str]
    places: Places
    sensitive: Places
    live: Body
    address: str

    def replace(self, value: Value, path: tuple[str | int, ...]) -> Value:
        if path in self.hidden:
            return _reference_to_live(self.places[self.hidden[path]], self.live, self.address)
        if isinstance(value, str) and value in self.sensitive:
            return _reference_to_live(self.sensitive[value], self.live, self.address)
        if isinstance(value, Mapping):
            return {key: self.replace(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.replace(item, (*path, index)) for index, item in enumerate(value)]
        return value


def _reference_to_live(path: Sequence[str | int], live: Body, address: str) -> Unknown:
    names: dict[str, Bound] = {_NAME: ResourceValue(f"{address}{_LIVE}")}
    expression = "".join((_NAME, *_cel_steps(path, live, names)))
    return Unknown(
        expression, names, (f"{address}{''.join(_readable_steps(path))} as it is in Azure",)
    )


def _readable_steps(path: Sequence[str | int]) -> Iterator[str]:
    for step in path:
        yield f"[{step}]" if isinstance(step, int) else f".{step}"


def _cel_steps(path: Sequence[str | int], live: object, names: dict[str, Bound]) -> Iterator[str]:
    """Yield the steps of a path in CEL.

    An entry of a list is selected by its name where all have one, because Azure answers some lists
    in another order each time.
    """
    for step in path:
        if isinstance(step, str):
            yield f"[{_cel_text(step, names)}]"
            live = live[step] if isinstance(live, Mapping) else None
        elif isinstance(live, (list, tuple)):
            called = [item.get("name") if isinstance(item, Mapping) else None for item in live]
            name, live = called[step], live[step]
            unique = len({*map(str, called)}) == len(called)
            if unique and isinstance(name, str) and all(isinstance(one, str) for one in called):
                yield f".filter(e, e.name == {_cel_text(name, names)})[0]"
            else:
                yield f"[{step}]"


def _cel_text(text: str, names: dict[str, Bound]) -> str:
    """Return a text as CEL: one that would need escapes as a name that is bound to it."""
    if _SIMPLE.fullmatch(text):
        return f'"{text}"'
    name = f"key{len(names)}"
    names[name] = text
    return name
