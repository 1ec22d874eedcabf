"""`azsec compare --jsonl` on bodies of the size of an AKS cluster: how many a second, in how much
memory, for a short stream and for a long one."""

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

_AZSEC = Path(sys.executable).with_name("azsec")
_TYPE = "Microsoft.ContainerService/managedClusters"
_EXAMPLES = Path(__file__).parents[1] / "tests" / "catalog" / _TYPE.replace("/", ".")
_SHORT, _LONG = 1_000, 9_000
_KIBIBYTE = 1024


def measure_comparisons(folder: Path, runs: int) -> None:
    """Print the rate after start-up (the long stream against the short one) and the memory."""
    # In a process of its own: a child's memory counts from its parent's at the fork.
    asked = [sys.executable, "-m", "benchmarks.comparisons"]
    line = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    streams = {count: folder / f"{count}.jsonl" for count in (_SHORT, _LONG)}
    for count, path in streams.items():
        path.write_text(line * count, encoding="utf-8")
    short = [_run(streams[_SHORT]) for _ in range(runs + 1)][1:]
    long = [_run(streams[_LONG]) for _ in range(runs)]
    seconds = statistics.median(s for s, _ in long) - statistics.median(s for s, _ in short)
    rate = (_LONG - _SHORT) / seconds
    print(
        f"azsec compare --jsonl, bodies of {len(line) / _KIBIBYTE:.1f} KiB: median of {runs}: "
        f"{rate:,.0f} comparisons a second; {statistics.median(m for _, m in short):.0f} MiB for "
        f"{_SHORT:,} lines, {statistics.median(m for _, m in long):.0f} MiB for {_LONG:,}"
    )


def _question() -> dict[str, object]:
    """Return a cluster's body and the built-in Azure's answer to it, as one line asks."""
    from fidelity.replay import Replay, surroundings_of
    from provisioner.catalog.registry import all_types, build_catalog
    from provisioner.catalog.sdk_models import read_schema_index
    from provisioner.model.resource_id import ResourceId

    example = json.loads(max(_EXAMPLES.glob("*.json")).read_text(encoding="utf-8"))
    catalog = build_catalog(all_types(), read_schema_index(all_types()))
    replay = Replay(catalog, surroundings_of((), _EXAMPLES.parent), source="")
    group = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg"
    cluster = ResourceId(_TYPE, (example["name"],), ResourceId.parse(group))
    replay.furnish(cluster)
    replay.furnish_references(cluster, example["body"])
    version = catalog.get(_TYPE).api_version
    url = f"{cluster.text}?api-version={version}"
    written = replay.ask("PUT", url, example["body"])
    if written.status >= 400:
        raise SystemExit(f"the example of {_TYPE} is refused: {written.body}")
    answer = replay.ask("GET", url).body
    return {"key": 0, "type": _TYPE, "desired": example["body"], "actual": answer}


def _run(stream: Path) -> tuple[float, float]:
    """Return the seconds and the MiB of one run over a stream."""
    started = time.perf_counter()
    with stream.open("rb") as source:
        process = subprocess.Popen(
            [_AZSEC, "compare", "--jsonl"], stdin=source, stdout=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"azsec compare ended with {process.returncode}")
    return time.perf_counter() - started, usage.ru_maxrss / _KIBIBYTE


if __name__ == "__main__":
    print(json.dumps(_question()))
