"""Steps drawn as text, for the tests of the engine."""

from provisioner.model.resource_id import ResourceId
from provisioner.model.values import ResourceValue, Unknown
from provisioner.plan.steps import PUT, Step


def draw_steps(drawing: str) -> tuple[Step, ...]:
    """Read steps from lines such as `cluster 360 after network, identity lock cluster`.

    The number is the estimate in seconds; `after` and `lock` may be left out.
    """
    steps = []
    for line in drawing.strip().splitlines():
        head, _, lock = line.strip().partition(" lock ")
        head, _, after = head.partition(" after ")
        name, seconds = head.split()
        steps.append(step(name, int(seconds), tuple(after.split(", ")) if after else (), lock))
    return tuple(steps)


def step(name: str, seconds: int = 1, after: tuple[str, ...] = (), lock: str = "") -> Step:
    """Return a step that makes a resource called `name`."""
    return Step(
        key=name,
        verb=PUT,
        address=name,
        id=ResourceId.parse(f"/subscriptions/s/resourceGroups/g/providers/Test.Kind/things/{name}"),
        type="Test.Kind/things",
        api_version="2026-01-01",
        body={"properties": {"name": name}},
        guarded=False,
        lock=lock or name,
        seconds=seconds,
        after=after,
    )


def refers_to(address: str, *path: str) -> Unknown:
    """Return the value of a property that only exists once the resource at `address` does."""
    chain = ".".join(("source", *path))
    return Unknown(chain, {"source": ResourceValue(address)}, (f"{address}.{'.'.join(path)}",))
