"""Reads dumps of a cluster: what `kubectl get … -o json` prints, and the report of kube-bench.

kubectl prints a List without the kind of its items. A dump therefore shows the kinds of its items,
and, where a list is empty, those that its name states: `pods,secrets=FILE`, or a file that is named
after its resource (`secrets.json`). `kubectl get --raw` prints lists that say their kind.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from provisioner.manifests.cluster_kinds import RESOURCES
from provisioner.model.cluster_contents import (
    BenchmarkReport,
    BenchmarkTest,
    ClusterContents,
    Kind,
    Object,
    at,
    items,
)
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error, nearest

_MOST_KINDS = 3


def read_dumps(files: Mapping[str, str], read_on: date) -> ClusterContents:
    """Return what some dumps show together; `files` are texts by what `--cluster` says, FILE or
    RESOURCE[,RESOURCE]=FILE.

    Raises DiagnosticError for a text that is no JSON of Kubernetes or kube-bench, for a resource
    that no control reads, for what is no whole list, and for an empty one that does not say of
    what it is.
    """
    lists: dict[Kind, dict[tuple[str, str], Object]] = {}
    benchmark: BenchmarkReport | None = None
    wrong: list[Diagnostic] = []
    for argument, text in files.items():
        try:
            named, document = _parse(argument, text)
        except DiagnosticError as problem:
            wrong += problem.diagnostics
            continue
        report = _read_benchmark(document)
        if report is not None:
            benchmark = report
            continue
        if not str(document["kind"]).endswith("List") or at(document, "metadata", "continue"):
            wrong.append(
                error(
                    "no-list",
                    f"{path_of(argument)} is a part of a list: what is missing would count as "
                    "absent.",
                    None,
                    "kubectl get pods -A -o json > pods.json",
                )
            )
            continue
        bodies = tuple(_bodies(document))
        kinds = {*named, *_kind_of_list(document), *map(_kind_of, bodies)}
        if not kinds:
            wrong.append(
                error(
                    "empty-dump",
                    f"{argument}: the list is empty, and does not say of what it is one.",
                    None,
                    f"Name the resource: --cluster secrets={path_of(argument)}",
                )
            )
        for kind in kinds:
            lists.setdefault(kind, {})
        for body in bodies:
            metadata = body.get("metadata") or {}
            key = (str(metadata.get("namespace") or ""), str(metadata.get("name") or ""))
            lists[_kind_of(body)][key] = body
    if wrong:
        raise DiagnosticError(*wrong)
    return ClusterContents(
        source=_source(files),
        read_on=read_on,
        lists={kind: tuple(found.values()) for kind, found in lists.items()},
        benchmark=benchmark,
    )


def path_of(argument: str) -> str:
    """Return the path of the file that an argument of `--cluster` names."""
    names, equals, path = argument.partition("=")
    return path if equals and "/" not in names else argument


def _file_name(argument: str) -> str:
    return path_of(argument).replace("\\", "/").rpartition("/")[2]


def _source(files: Mapping[str, str]) -> str:
    names = [_file_name(argument) for argument in files]
    more = f" and {len(names) - _MOST_KINDS} more" if len(names) > _MOST_KINDS else ""
    return f"{', '.join(names[:_MOST_KINDS])}{more}"


def _parse(argument: str, text: str) -> tuple[set[Kind], Object]:
    path = path_of(argument)
    named = argument.partition("=")[0].split(",") if path != argument else []
    unknown = [name for name in named if name not in RESOURCES]
    if unknown:
        raise DiagnosticError(
            error(
                "unknown-resource",
                f"{argument}: no control reads {unknown[0]!r}.",
                None,
                nearest(unknown[0], list(RESOURCES)),
            )
        )
    try:
        document: Any = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    if isinstance(document, list) and document and at(document[0], "Controls"):
        document = document[0]
    if not isinstance(document, dict) or not ("kind" in document or "Controls" in document):
        raise DiagnosticError(
            error(
                "no-dump",
                f"{path} is no JSON of kubectl or of kube-bench.",
                None,
                "kubectl get pods -A -o json > pods.json",
            )
        )
    if not named:
        stem = _file_name(argument).removesuffix(".json")
        named = [name for name in stem.split(",") if name in RESOURCES]
    return {RESOURCES[name] for name in named}, document


def _bodies(document: Object) -> Iterator[Object]:
    """Yield the objects of a list. The items of one that says its kind leave it out."""
    for item in items(document.get("items")):
        if isinstance(item, dict):
            kind = item.get("kind") or str(document["kind"]).removesuffix("List")
            api = item.get("apiVersion") or document.get("apiVersion")
            yield {**item, "kind": kind, "apiVersion": api}


def _kind_of_list(document: Object) -> Iterator[Kind]:
    kind = str(document.get("kind", ""))
    if kind.endswith("List") and kind != "List":
        yield Kind(_group(document), kind.removesuffix("List"))


def _kind_of(body: Object) -> Kind:
    return Kind(_group(body), str(body.get("kind", "")))


def _group(body: Object) -> str:
    return str(body.get("apiVersion") or "").rpartition("/")[0]


def _read_benchmark(document: Object) -> BenchmarkReport | None:
    if "Controls" not in document:
        return None
    controls = [entry for entry in items(document["Controls"]) if isinstance(entry, dict)]
    tests = [
        BenchmarkTest(
            str(test.get("test_number", "")),
            str(test.get("test_desc", "")),
            str(test.get("status", "")).upper(),
        )
        for control in controls
        for group in items(control.get("tests"))
        for test in items(at(group, "results"))
        if isinstance(test, dict)
    ]
    versions = [str(control.get("version", "")) for control in controls]
    return BenchmarkReport(versions[0] if versions else "", tuple(tests))
