"""The steps after which apply has to GET the settled body of the resource.

A GET after any other step would read what nothing uses. `workflow.apply` calls it before the first
write.
"""

from collections.abc import Iterator, Mapping, Sequence

from provisioner.model.values import ResourceValue, Unknown, Value
from provisioner.plan.step import Step


def find_needed(steps: Sequence[Step], outputs: Mapping[str, Value]) -> frozenset[str]:
    """Return the keys of the steps whose settled body is needed.

    Another step waits for their resource, or the body of another step or an output reads theirs.

    A step that others wait for is among them, whether or not they read of it: a resource that is
    still in transition after its operation has ended refuses the writes of its children.
    """
    awaited = {key for step in steps for key in step.after}
    read = {address for step in steps for address in _addresses_read(step.body)}
    read.update(_addresses_read(outputs))
    return frozenset(step.key for step in steps if step.key in awaited or step.address in read)


def _addresses_read(value: object) -> Iterator[str]:
    """Yield the address of each resource that a value reads of."""
    if isinstance(value, ResourceValue):
        yield value.address
    elif isinstance(value, Unknown):
        yield from _addresses_read(value.where)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _addresses_read(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _addresses_read(item)
