"""Create guard of a step: the write must not change a resource that appeared after the plan."""

from collections.abc import Mapping

from provisioner.catalog.registry import Catalog
from provisioner.diff.comparison import compare
from provisioner.engine.ports import Creation
from provisioner.model.values import Body, Value
from provisioner.plan.steps import Step


def creation_of(
    step: Step, body: Mapping[str, Value], catalog: Catalog | None, *, is_read: bool = True
) -> Creation | None:
    """Return the guard of a step that creates, or None for one that may change what exists.

    `body` is the body that is sent, with its references filled in. The catalog decides whether a
    resource that exists after a lost answer is the step's own; without one it never is. `is_read`
    states whether another step or an output reads the settled body.
    """
    if step.create_guard is None:
        return None

    def is_as_sent(found: Body) -> bool:
        if catalog is None:
            return False
        result = compare(catalog.get(step.type), catalog.schemas, body, found)
        return all(change.is_state for change in result.changes)

    return Creation(step.create_guard, is_as_sent, is_read)
