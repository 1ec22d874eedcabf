"""Follows the operations that the real Azure was recorded with, write by write, to their end."""

import json
import re
from itertools import groupby
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from provisioner.model.azure_error import AzureError
from provisioner.model.provisioning import is_transitional
from provisioner.model.resource_id import ResourceId
from tests.unit.azure.scripted_server import Reply

WIRE = Path(__file__).parents[3].parent / "shared" / "corpus" / "wire"
AZURE = re.compile(r"https://management\.azure\.com(:443)?")
FORWARDED = {"azure-asyncoperation", "location", "retry-after"}


if not WIRE.is_dir():
    pytest.skip(f"the recorded traffic is not at {WIRE}", allow_module_level=True)


def path_of(uri):
    return unquote(urlsplit(uri).path)


def reply_of(step):
    headers = {
        name: AZURE.sub("{endpoint}", value)
        for name, value in step["headers"].items()
        if name.lower() in FORWARDED
    }
    return Reply(step["status"], step["response"], headers)


def links_of(step):
    for name in ("azure-asyncoperation", "location"):
        if link := step["headers"].get(name):
            yield path_of(link)


def answers_of(steps, start):
    """Return the write at `start`, the answers that belong to it, and whether they hold its end."""
    write = steps[start]
    target = path_of(write["uri"])
    answers = [write]
    polled = set(links_of(write)) - {target}
    ended = not polled
    for step in steps[start + 1 :]:
        path = path_of(step["uri"])
        if path == target and step["method"] != "GET":
            break
        if step["method"] == "GET" and (path in polled or path == target):
            answers.append(step)
            polled.update(set(links_of(step)) - {target})
            done = path in polled and step["status"] in (200, 204)
            ended = ended or (done and status_of(step) in ("", "Succeeded", "Failed"))
    return answers, ended


def status_of(step):
    return (step["response"] or {}).get("status", "")


def flow_of(answers):
    """Return what makes one flow differ from another, however often it was asked how far it is."""
    told = [
        (
            step["method"],
            step["status"],
            *sorted(step["headers"].keys() & FORWARDED),
            status_of(step),
        )
        for step in answers
    ]
    return tuple(step for step, _ in groupby(told))


def writes_in(file):
    """Yield the answers of every write of a recording that was followed to its end."""
    steps = json.loads(file.read_text())["steps"]
    for number, write in enumerate(steps):
        if write["method"] in ("PUT", "DELETE") and write["status"] < 300:
            answers, ended = answers_of(steps, number)
            if ended:
                yield answers


def different_flows():
    """Return one write of each kind of flow: 1,034 recorded writes hold some 60."""
    found = {}
    for file in sorted(WIRE.glob("*.json")):
        for answers in writes_in(file):
            found.setdefault(
                flow_of(answers), pytest.param(answers, id=f"{file.stem}-{len(found)}")
            )
    return found.values()


def follow(client, write):
    """Send the recorded write through the client, and return what it answers."""
    resource = ResourceId.parse(path_of(write["uri"]))
    if write["method"] == "DELETE":
        return client.delete(resource, "2026-01-01", None, lambda _: None)
    return client.put(resource, "2026-01-01", write["request"] or {}, None, lambda _: None)


@pytest.mark.parametrize("answers", different_flows())
def test_a_recorded_write_settles(server, client, answers):
    write = answers[0]
    for step in answers:
        server.answer(step["method"], path_of(step["uri"]), reply_of(step))

    if write["method"] == "DELETE":
        server.answer("GET", path_of(write["uri"]), Reply(404))
    if "Failed" in map(status_of, answers):
        with pytest.raises(AzureError):
            follow(client, write)
        return
    body = follow(client, write)

    if write["method"] == "PUT":
        # Ids were renamed while recording, names were not.
        name = path_of(write["uri"]).rpartition("/")[2]
        assert body["id"].lower().endswith(f"/{name.lower()}")
        assert not is_transitional(body)
