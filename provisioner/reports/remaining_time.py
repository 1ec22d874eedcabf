"""Estimates the remaining duration of the steps of a plan, in seconds.

`progress` calls it during an apply; `plan_text` and `markdown` call it for the whole plan.
"""

from collections.abc import Collection, Mapping, Sequence

from provisioner.documents.plan import StepDocument


def remaining_seconds(
    steps: Sequence[StepDocument],
    ended: Collection[str] = (),
    running: Mapping[str, float] | None = None,
) -> float:
    """Return the estimated seconds until the last step is done: the longest chain of waits.

    `steps` are ordered, each after what it waits for. `ended` are keys of steps that need no more
    time; `running` maps the key of a running step to the seconds that it has taken so far.
    """
    elapsed = running or {}
    ends: dict[str, float] = {}
    for step in steps:
        begin = max((ends.get(key, 0.0) for key in step.after), default=0.0)
        own = 0.0 if step.key in ended else max(0.0, step.seconds - elapsed.get(step.key, 0.0))
        ends[step.key] = begin + own
    return max(ends.values(), default=0.0)
