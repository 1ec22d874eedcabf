"""The same estate by Terraform and azapi, against the same built-in Azure: `make bench-peer`."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.estate_files import write_estate
from benchmarks.estates import PARALLELISM
from benchmarks.fleet_files import json_of
from benchmarks.processes import AZSEC, read_output, run_azsec, run_process
from benchmarks.servers import serve
from provisioner.blueprint.graph import DesiredResource
from provisioner.cli.workspace import FileSources, load_catalog
from provisioner.workflow.plan import load_desired

_SIZE = 1000
_LATENCY = 0.05
_PROVIDERS = """\
terraform {
  required_providers {
    azapi = {
      source  = "Azure/azapi"
      version = "~> 2.12"
    }
  }
}

provider "azapi" {}
"""


def main() -> None:
    """Print the seconds of each phase by terraform and by azsec, one run each."""
    terraform = shutil.which("terraform")
    if terraform is None:
        raise SystemExit(
            "bench-peer needs terraform (1.11 or newer) on PATH, and the provider Azure/azapi 2.12 "
            "from a registry or mirror: https://developer.hashicorp.com/terraform/install"
        )
    with tempfile.TemporaryDirectory() as folder:
        peer = _measure_terraform(Path(folder) / "terraform", terraform)
        own = _measure_azsec(Path(folder) / "azsec")
    print(f"{_SIZE} resources, {1000 * _LATENCY:.0f} ms, parallelism {PARALLELISM}, one run\n")
    print("| phase | Terraform + azapi, s | azsec, s | ratio |\n|---|---:|---:|---:|")
    for phase, seconds in peer.items():
        print(f"| {phase} | {seconds:.1f} | {own[phase]:.1f} | {seconds / own[phase]:.1f} |")


def write_terraform(folder: Path, environment: Path) -> int:
    """Write the resources of an environment as azapi resources; return how many they are."""
    desired = load_desired(
        str(environment), load_catalog(), FileSources(), datetime.now(UTC).date()
    )
    resources = list(desired.graph)
    names = {resource.id.key: f"r{number}" for number, resource in enumerate(resources)}
    blocks = (block for one in resources for block in _block(one, names))
    folder.mkdir(parents=True, exist_ok=True)
    text = _PROVIDERS + "\n" + "\n".join(blocks) + "\n"
    (folder / "main.tf").write_text(text, encoding="utf-8")
    return len(resources)


def _block(resource: DesiredResource, names: Mapping[str, str]) -> Iterator[str]:
    """Yield the lines of one resource. Ids are texts, as azsec composes them, and the order is
    said by `depends_on`: what it stands in, and what its body points to."""
    body = json.loads(json_of(resource))
    location, tags = body.pop("location", None), body.pop("tags", None)
    text = json.dumps(body)
    container = resource.id.container
    waits = {names[one.key] for one in resource.id.ancestors if one.key in names}
    waits |= {
        names[part.lower()]
        for part in text.split('"')
        if part.startswith("/subscriptions/") and part.lower() in names
    }
    parent = container.text if container is not None else "/"
    yield f'resource "azapi_resource" "{names[resource.id.key]}" {{'
    yield f'  type      = "{resource.type.name}@{resource.type.api_version}"'
    yield f"  name      = {json.dumps(resource.id.name)}"
    yield f"  parent_id = {json.dumps(parent)}"
    if location is not None:
        yield f"  location  = {json.dumps(location)}"
    if tags is not None:
        yield f"  tags      = jsondecode({json.dumps(json.dumps(tags))})"
    yield f"  body      = jsondecode({json.dumps(text)})"
    yield "  schema_validation_enabled = false"
    if waits:
        yield f"  depends_on = [{', '.join(f'azapi_resource.{name}' for name in sorted(waits))}]"
    yield "}"


def _measure_terraform(folder: Path, terraform: str) -> Mapping[str, float]:
    write_terraform(folder, write_estate(folder / "files", _SIZE))
    with serve(folder / "server", ("--tls", "--latency", f"{1000 * _LATENCY:.0f}ms")):
        environ = {**os.environ, **_client_variables(folder / "server")}
        environ["TF_IN_AUTOMATION"] = "1"

        def measure(command: str, *options: str, expected: Sequence[int] = (0,)) -> float:
            line = [terraform, command, "-input=false", "-no-color", *options]
            return run_process(line, environ, folder=folder, expected=expected).seconds

        measure("init")
        wide = f"-parallelism={PARALLELISM}"
        return {
            "plan": measure("plan", wide),
            "apply": measure("apply", wide, "-auto-approve"),
            "plan again": measure("plan", wide, "-detailed-exitcode", expected=(0, 2)),
            "drift": measure("plan", wide, "-refresh-only"),
            "destroy": measure("destroy", wide, "-auto-approve"),
        }


def _client_variables(folder: Path) -> Mapping[str, str]:
    """Return what `azsec local env` says that clients of a server need (docs/clients.md)."""
    told = read_output([str(AZSEC), "local", "env", "--output", "json"], folder)
    variables: dict[str, str] = json.loads(told)
    return variables


def _measure_azsec(folder: Path) -> Mapping[str, float]:
    environment = str(write_estate(folder / "files", _SIZE))
    with serve(folder / "server", ("--latency", f"{1000 * _LATENCY:.0f}ms")) as server:
        environ = {
            **os.environ,
            "AZSEC_LOCAL_ENDPOINT": server.endpoint,
            "XDG_CACHE_HOME": str(folder / "cache"),
        }

        def measure(*arguments: str, expected: Sequence[int] = (0,)) -> float:
            return run_azsec([*arguments, "--quiet"], environ, expected=expected).seconds

        return {
            "plan": measure("plan", environment),
            "apply": measure("apply", environment, "--yes"),
            "plan again": measure("plan", environment),
            "drift": measure("drift", environment, expected=(0, 2)),
            "destroy": measure("destroy", environment, "--yes"),
        }


if __name__ == "__main__":
    main()
