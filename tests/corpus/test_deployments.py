"""Deployments that the real Azure was sent: what it answered of their parameters, providers and
dependencies is what the built-in Azure answers. The templates are those of az's own commands."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from provisioner.catalog.registry import all_types, build_catalog
from provisioner.catalog.sdk_models import read_schema_index
from provisioner.simulator.server import LocalAzure
from tests.simulator.setting import Caller

_COMPARED = ("dependencies", "mode", "parameters", "providers")


def _requests(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every recorded request in a document, in order."""
    if isinstance(value, dict):
        if "uri" in value:
            yield value
        else:
            for item in value.values():
                yield from _requests(item)
    elif isinstance(value, list):
        for item in value:
            yield from _requests(item)


def _deployments(corpus: Path) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Yield path and body of each deployment that was PUT, with what GET answered of it."""
    for file in sorted(corpus.glob("**/wire/*.json")):
        put: dict[str, Any] | None = None
        for one in _requests(json.loads(file.read_text(encoding="utf-8"))):
            path = one["uri"].partition("management.azure.com")[2].partition("?")[0]
            place, _, name = path.partition("/providers/Microsoft.Resources/deployments/")
            if not name or "/" in name:
                continue
            if one["method"] == "PUT":
                put = one
            elif one["method"] == "GET" and put is not None and put["request"] is not None:
                yield place, put["request"], one["response"]["properties"]
                put = None


def test_recorded_deployments_are_read_as_azure_read_them(corpus: Path) -> None:
    catalog = build_catalog(all_types(), read_schema_index(all_types()))
    compared = 0
    wrong: list[str] = []
    with LocalAzure.start(catalog, None) as azure:
        call = Caller(azure.endpoint)
        for place, body, recorded in _deployments(corpus):
            call("PUT", place, {"location": "westus"})
            path = f"{place}/providers/Microsoft.Resources/deployments/again/validate"
            reply = call("POST", path, body)
            assert reply.status == 200, reply.body
            answered = reply.body["properties"]
            compared += 1
            wrong += [f"{place}: {k}" for k in _COMPARED if answered[k] != recorded[k]]
        call.close()
    assert compared >= 20
    assert wrong == []
