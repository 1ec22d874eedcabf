"""Variable `resource` of the CEL expressions in custom controls.

A rule reads of a resource what its expressions name, with Azure's default where a property is not
set and the catalog knows one; a property without either is null, so that a comparison with it is
false and no error. What `has()` asks for is left out instead, as CEL expects.

Called by `custom`.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from typing import cast

from provisioner.blueprint.custom_controls import Condition
from provisioner.blueprint.expression import Chain
from provisioner.controls.subject import Subject
from provisioner.model.property_path import set_at
from provisioner.model.values import Absent, Bound, Unknown, Value, is_empty, lookup

_TAGS = "tags"
_BODY = "body"


def paths_of(condition: Condition) -> Iterator[str]:
    """Yield the paths of the properties that a condition reads, as rules declare them."""
    for chain in condition.expression.chains:
        if _body_keys(chain):
            yield _path_of(chain)


def steps_of(condition: Condition) -> Iterator[tuple[str, ...]]:
    """Yield the keys in the body of each property that a condition reads."""
    return (steps for chain in condition.expression.chains if (steps := _body_keys(chain)))


def _path_of(chain: Chain) -> str:
    named = (f"[{step}]" if set(step) & set("./") else f".{step}" for step in _body_keys(chain))
    return "".join(named).removeprefix(".")


def _body_keys(chain: Chain) -> tuple[str, ...]:
    """Return the keys in the body that a chain reads, as far as they are names.

    It is () for what is not of the body, and for all of it.
    """
    path = chain.path
    if path[0] not in (_BODY, _TAGS):
        return ()
    inside = path[1:] if path[0] == _BODY else path
    return tuple(str(step) for step in takewhile(lambda step: isinstance(step, str), inside))


def seen_by(condition: Condition, subject: Subject) -> Mapping[str, Bound]:
    """Return a resource as the expression sees it: what it reads is there, filled in."""
    body: Value = subject.resource.body
    chains = condition.expression.chains
    tested = {_body_keys(chain) for chain in condition.tested}
    for chain in chains:
        steps = _body_keys(chain)
        # CEL fails on a missing key; ARM bodies leave out most of what is optional, and `has()`
        # around each comparison would make rules unreadable.
        if steps and isinstance(_value_or_unknown(body, steps), Absent | None):
            path = _path_of(chain)
            value = subject.value(path)
            # Null here would be a wrong answer: Azure has yet to write it.
            if is_empty(value) and subject.is_set_by_azure(steps):
                body = set_at(body, steps, Unknown(path, {}, (path,)))
            else:
                body = _fill_in(body, steps, tested, value)
    group = subject.resource_group
    tags = lookup(body, (_TAGS,))
    return {
        "id": subject.id.text,
        "name": subject.name,
        "type": subject.resource.type,
        "resourceGroup": group.name if group else "",
        _TAGS: {} if is_empty(tags) else cast(Value, tags),
        _BODY: body,
    }


def _fill_in(
    body: Value, steps: tuple[str, ...], tested: set[tuple[str, ...]], default: object
) -> Value:
    """Return a body with the default, or null, of each property that is not set.

    Where `has()` tests whether one is set, only the objects around it are filled in.
    """
    if not is_empty(default):
        return set_at(body, steps, cast(Value, default))
    tested_path = next((above for above in _prefixes(steps) if above in tested), None)
    if tested_path is None:
        return set_at(body, steps, None)
    above = tested_path[:-1]
    # `has(a.b)` is an error where `a` is missing, and false where `a` has no `b`.
    if above and is_empty(_value_or_unknown(body, above)):
        return set_at(body, above, {})
    return body


def _prefixes(steps: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    return (steps[:length] for length in range(1, len(steps) + 1))


def _value_or_unknown(body: object, steps: Sequence[str]) -> object:
    """Return what a body states at some keys, or the Unknown that it stands in, or ABSENT."""
    for step in steps:
        if isinstance(body, Unknown):
            return body
        body = lookup(body, (step,))
    return body
