"""Renders what was tried: lines for the terminal, and docs/reliability.md."""

from collections.abc import Iterable, Iterator, Sequence

from faults.estates import SCENARIOS
from faults.evidence import EVIDENCE, Count
from faults.kills import Trial, describe

_HEAD = """# Reliability

Written by `make faults`, which runs what this page counts: **tried** is the number of attempts of
that run, **survived** the number of those that ended as they should. Everything runs on the
[built-in Azure](simulator.md); nothing here was measured on a subscription.

## kill -9

`azsec` runs as a process of its own. A proxy between it and the built-in Azure counts its write
requests (PUT, PATCH, DELETE and lease actions) and sends SIGKILL at one of them: **before** the
request reaches Azure, or **after** it took effect and before the answer arrives. Operations that
Azure accepted stay in progress until the next command has begun to read, and continue without
azsec. The same command is run once more. The kill is survived if:

- that one command ends with exit code 0, and `azsec plan --detailed-exitcode` after it with 0
  (not run after a destroy);
- the resource ids are those of an undisturbed run: none is missing, none is left over;
- what others own is unchanged byte for byte: in a resource group of theirs, and, except in create
  and destroy, in the resource group of the environment;
- where the environment has a [lock](lock.md): 60 seconds after the kill the lease can be taken
  again, and it is not held at the end.

The kills are spread evenly over the writes of the undisturbed run, with one write at a time
(`--parallelism 1`), so that every run has the same kills.
"""
_EVIDENCE_HEAD = """
## Faults, hostile input and ownership

Each row counts tests that are part of `make test`. A test that is parametrized counts once for
each set of parameters; a property that hypothesis checks counts once, however many examples it
draws; a story (`tests/scenarios/*.md`) counts once.
"""


def summarise(trials: Sequence[Trial], counts: Sequence[Count]) -> Iterator[str]:
    """Yield the lines that `make faults` prints."""
    rows = [*_kill_rows(trials), *((row[0], row[1], row[2]) for row in _evidence_rows(counts))]
    width = max(len(name) for name, _, _ in rows)
    yield f"{'':<{width}}  tried  survived"
    for name, tried, survived in rows:
        yield f"{name:<{width}}  {tried:>5}  {survived:>8}"
    yield from describe(trials)


def render(trials: Sequence[Trial], counts: Sequence[Count]) -> str:
    """Return docs/reliability.md."""
    points = (
        (trial.scenario, f"{trial.point.moment} {trial.point.write}", f"`{trial.write}`",
         "no" if trial.problems else "yes")
        for trial in trials
    )  # fmt: skip
    failed = describe(trials)
    parts = [
        _HEAD,
        _table(("kill during", "tried", "survived"), _kill_rows(trials)),
        "\nNot survived:\n\n" + "\n".join(f"- {line}" for line in failed) + "\n" if failed else "",
        "### Every kill\n",
        _table(("during", "write", "request", "survived"), points),
        _EVIDENCE_HEAD,
        _table(("what", "tried", "survived", "tests"), _evidence_rows(counts)),
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _kill_rows(trials: Sequence[Trial]) -> list[tuple[str, str, str]]:
    rows = [
        _row(scenario.name, [trial for trial in trials if trial.scenario == scenario.name])
        for scenario in SCENARIOS
    ]
    return [*rows, _row("all kills", trials)]


def _row(name: str, trials: Sequence[Trial]) -> tuple[str, str, str]:
    survived = sum(not trial.problems for trial in trials)
    return name, str(len(trials)), str(survived)


def _evidence_rows(counts: Sequence[Count]) -> Iterator[tuple[str, str, str, str]]:
    for item, count in zip(EVIDENCE, counts, strict=True):
        pages = [f"tests/scenarios/{name}.md" for name in item.stories]
        tests = ", ".join(f"`{path}`" for path in (*item.files, *pages))
        skipped = f" ({count.skipped} skipped)" if count.skipped else ""
        yield item.what, f"{count.tried}{skipped}", str(count.survived), tests


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines) + "\n"
