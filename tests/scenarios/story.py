"""Stories: Markdown files that are run. See tests/scenarios/README.md."""

import contextlib
import io
import json
import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioner.azure.client import ArmClient
from provisioner.azure.cloud import local_cloud
from provisioner.catalog.registry import Catalog
from provisioner.cli.application import app
from provisioner.cli.failure import run_guarded
from provisioner.model.resource_id import ResourceId
from provisioner.plan.reads import Read
from provisioner.preflight.azure_queries import AzureQuery
from provisioner.simulator.access_options import Access
from provisioner.simulator.arm.open_types import open_catalog
from provisioner.simulator.server import LocalAzure
from tests.forges.life import Life
from tests.principals import TokenOf

_BLOCK = re.compile(r"^(`{3,})(\w+) ?([^\n]*)\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
_DIGEST = re.compile(r"sha256:[0-9a-f…]+")
"""What a plan's digest covers changes with azsec itself, and is tested elsewhere."""
_SIZE = re.compile(r"\d+ KiB")
"""A database grows by pages, and when it does is its own business."""
_MOMENT = re.compile(r"20\d{2}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")
_ELAPSED = re.compile(r"after \d+\.\ds")
_CORRELATION = re.compile(r"""(correlation\s+id\s+|"correlationId": ")[0-9a-f-]{36}""")
_DAY = re.compile(r"((?:keeps it|kept|wait)\s+(?:!\s+)?until\s+(?:!\s+)?)\d{4}-\d{2}-\d{2}")
"""The built-in Azure goes by the clock of the machine."""

_COMMIT = re.compile(r"(?<![0-9a-f-])[0-9a-f]{12}(?![0-9a-f-])")
_SNAPSHOT = re.compile(r"<!-- azsec-snapshot \S+ -->")

STATE = Path(".azsec/local.db")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a story: its language, the words after it, its text and its place."""

    language: str
    words: str
    text: str
    start: int
    end: int


def read_blocks(story: str) -> Iterator[Block]:
    """Yield the fenced blocks of a story."""
    for match in _BLOCK.finditer(story):
        yield Block(match[2], match[3], match[4], match.start(4), match.end(4))


def tell(story: str, catalog: Catalog, life: Life | None = None) -> str:
    """Run a story in the current folder; return it with what really was printed.

    `yaml FILE` blocks are written to files; `bicep FILE` blocks hold what stands in a file by then;
    `console` blocks are run; `tamper` blocks change resources behind azsec's back, a line each:
    `ID-SUFFIX PATH = JSON`, or `delete ID-SUFFIX`; or `PUT PATH JSON` and `POST PATH`, which are
    sent as they are. The words after `tamper` say who does: a name and `with` a client
    (`mallory@contoso.com with Azure CLI`); without, the local operator. A `permissions` block says
    what the caller may do from there on, an action a line; an empty one: everything.
    """
    told = ""
    position = 0
    allowed: list[str] = []
    for block in read_blocks(story):
        told += story[position : block.start]
        position = block.end
        if block.language == "yaml" and block.words:
            path = Path(block.words)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
            told += block.text
        elif block.language == "console":
            in_job = life.job(block.words) if life and block.words else contextlib.nullcontext()
            with as_caller(allowed, catalog), in_job:
                told += _run_console(block.text)
        elif life is not None and block.language == "acts":
            for line in block.text.splitlines():
                life.act(line)
            told += block.text
        elif life is not None and block.language in ("comment", "statuses", "issues"):
            shown = getattr(life.host, block.language)()
            told += redact("".join(f"{line.rstrip()}\n" for line in shown.splitlines()))
        elif block.language == "permissions":
            allowed = block.text.split()
            told += block.text
        elif block.language == "bicep" and block.words:
            told += Path(block.words).read_text(encoding="utf-8")
        elif block.language == "tamper":
            tamper(block.text, catalog, block.words)
            told += block.text
        else:
            told += block.text
    return told + story[position:]


@contextlib.contextmanager
def as_caller(allowed: list[str], catalog: Catalog) -> Iterator[None]:
    """Let commands talk to a built-in Azure that allows these actions; none: each starts its own,
    which allows everything."""
    if not allowed:
        yield
        return
    with LocalAzure.start(catalog, STATE, access=Access(allowed_actions=allowed)) as server:
        os.environ["AZSEC_LOCAL_ENDPOINT"] = server.endpoint
        try:
            yield
        finally:
            del os.environ["AZSEC_LOCAL_ENDPOINT"]


def _run_console(text: str) -> str:
    told = ""
    for line in text.splitlines():
        if line.startswith("$ "):
            told += line + "\n" + run_command(line.removeprefix("$ "))
    return told


def run_command(line: str) -> str:
    """Run one command in this process; return its output, errors after it, and a failing code."""
    words = shlex.split(line)
    assert words[0] == "azsec", line
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run_guarded(app, words[1:])
    told = "".join(f"{line}\n".replace(" \n", "\n") for line in out.getvalue().splitlines())
    told += "".join(f"! {line}\n" for line in err.getvalue().splitlines())
    return redact(told) + (f"[exit {int(code)}]\n" if code else "")


def redact(told: str) -> str:
    """Return a text without what is another one each time, or tested elsewhere."""
    told = _DAY.sub(r"\1YYYY-MM-DD", _DIGEST.sub("sha256:…", told))
    told = _SIZE.sub("… KiB", told)
    told = _MOMENT.sub("YYYY-MM-DDThh:mm:ssZ", _ELAPSED.sub("after …s", told))
    told = _COMMIT.sub("cccccccccccc", _SNAPSHOT.sub("<!-- azsec-snapshot … -->", told))
    return _CORRELATION.sub(r"\1cccccccc-cccc-cccc-cccc-cccccccccccc", told)


def tamper(text: str, catalog: Catalog, who: str = "") -> None:
    """Change resources behind azsec's back; see `tell` for the lines of `text`."""
    catalog = open_catalog(catalog)
    with (
        LocalAzure.start(catalog, STATE) as server,
        ArmClient.open(local_cloud(server.endpoint), TokenOf(server, who), parallelism=1) as client,
    ):
        for line in text.splitlines():
            if line.startswith("delete "):
                resource = find_resource(line.removeprefix("delete ").strip(), server)
                version = catalog.get(resource.type).api_version
                client.delete(resource, version, None, lambda _status: None)
            elif line.startswith(("PUT ", "POST ")):
                send_request(line, client)
            elif line.strip():
                suffix, path, value = re.fullmatch(r"(\S+) (\S+) = (.+)", line).groups()
                change_resource(
                    find_resource(suffix, server), path, json.loads(value), catalog, client
                )


def send_request(line: str, client: ArmClient) -> None:
    """Send one request of an API that azsec has no use for, as an operator would."""
    method, path, body = [*line.split(" ", 2), "{}"][:3]
    scope = ResourceId.parse("/".join(path.split("/")[: 5 if path.startswith("/providers") else 3]))
    (reply,) = client.ask([AzureQuery(method, path, "2024-07-01", "", scope, (), body)])
    assert reply.refused is None, reply.refused


def find_resource(suffix: str, server: LocalAzure) -> ResourceId:
    """Return the one resource whose id ends with `suffix`."""
    found = [text for text in server.resource_ids() if text.lower().endswith(suffix.lower())]
    assert len(found) == 1, f"{suffix} is the end of {len(found)} ids: {found[:5]}"
    return ResourceId.parse(found[0])


def change_resource(
    resource: ResourceId, path: str, value: object, catalog: Catalog, client: ArmClient
) -> None:
    """Change one property, as somebody in the portal would: GET, change, PUT."""
    resource_type = catalog.get(resource.type)
    read = Read(resource.text, resource_type.api_version, resource_type.name, is_list=False)
    body = json.loads(json.dumps(client.read([read])[0].items[0]))
    _set(body, path, value)
    for embedded in resource_type.embedded:
        if not path.startswith(embedded.path) and not embedded.flattened:
            body["properties"].pop(embedded.path.removeprefix("properties."), None)
    client.put(resource, resource_type.api_version, body, None, lambda _status: None)


def _set(body: dict[str, Any], path: str, value: object) -> None:
    current: Any = body
    steps = re.findall(r"[^.\[\]]+", path)
    for step in steps[:-1]:
        if isinstance(current, list):
            current = (
                next((item for item in current if item.get("name") == step), None)
                or current[int(step)]
            )
        else:
            current = current.setdefault(step, {})
    last = steps[-1]
    if last == "+":
        current.append(value)
    elif isinstance(current, list):
        index = next((i for i, item in enumerate(current) if item.get("name") == last), None)
        if value is None and index is not None:
            del current[index]
        else:
            current[index if index is not None else int(last)] = value
    elif value is None:
        current.pop(last, None)
    else:
        current[last] = value
