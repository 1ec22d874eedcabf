"""Reads cluster dumps: the output of `kubectl get … -o json`, and the report of kube-bench.

kubectl prints a List without the kind of its items. A dump therefore counts for the kinds of its
items and, where a list is empty, for those that its name states: `pods,secrets=FILE`, or a file
that is named after its resource (`secrets.json`). `kubectl get --raw` prints lists with their kind.

A List does not state its namespaces either. It counts as a list of all namespaces where it has
objects of more than one or where that is stated, if it has what every cluster has in kube-system;
else it covers only the namespaces of its objects. A list of cluster-scoped objects counts as
complete where it has what every cluster has; an empty one, which does not show its selector, only
where that is stated.

`cli/cluster_files.py` calls it for `--observation`.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from provisioner.manifests.cluster_kinds import (
    IN_EVERY_CLUSTER,
    IN_KUBE_SYSTEM,
    NAMESPACE,
    OF_THE_CLUSTER,
    RESOURCES,
)
from provisioner.model.cluster_contents import (
    BenchmarkReport,
    BenchmarkTest,
    ClusterContents,
    Kind,
    Object,
    at,
    items,
    name_of,
    namespace_of,
)
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error, nearest
from provisioner.model.malformed_object import describe_malformed

_MOST_KINDS = 3
_YAML = re.compile(r"\s*(---|apiVersion:|kind:|items:)")


def read_dumps(
    files: Mapping[str, str], read_on: date, *, all_namespaces: bool = False
) -> ClusterContents:
    """Return the combined content of several dumps.

    `files` maps the arguments of `--observation`, FILE or RESOURCE[,RESOURCE]=FILE, to texts.
    `all_namespaces` states that the lists cover all namespaces, without a selector.

    Raises:
        DiagnosticError: Where a text is not JSON of Kubernetes or kube-bench, a resource is read by
            no control, a list is incomplete, an empty list does not state its kind, or the dumps
            are of two clusters.
    """
    lists: dict[Kind, dict[tuple[str, str], Object]] = {}
    partial: dict[Kind, frozenset[str]] = {}
    complete: set[Kind] = set()
    benchmark: BenchmarkReport | None = None
    errors: list[Diagnostic] = []
    for argument, text in files.items():
        try:
            named, document = _parse_dump(argument, text)
        except DiagnosticError as problem:
            errors += problem.diagnostics
            continue
        report = _read_benchmark(document)
        if report is not None:
            benchmark = report
            continue
        flaw = _describe_flaw(document)
        if flaw is not None:
            errors.append(
                error(
                    "no-list",
                    f"{path_of(argument)} {flaw}.",
                    None,
                    "kubectl get pods -A -o json > pods.json",
                )
            )
            continue
        bodies = tuple(_objects_in(document))
        kinds = {*named, *_kind_of_list(document), *map(_kind_of, bodies)}
        if not kinds:
            errors.append(
                error(
                    "empty-dump",
                    f"{argument}: the list is empty, and does not show its kind.",
                    None,
                    f"Name the resource: --observation secrets={path_of(argument)}",
                )
            )
        for kind in kinds:
            lists.setdefault(kind, {})
            found = [body for body in bodies if _kind_of(body) == kind]
            shown = frozenset(name_of(b) if kind == NAMESPACE else namespace_of(b) for b in found)
            names = frozenset(map(name_of, found))
            if _is_complete(kind, shown, names, all_namespaces=all_namespaces):
                complete.add(kind)
            else:
                partial[kind] = partial.get(kind, frozenset()) | shown
        errors += _merge_objects(lists, bodies, path_of(argument))
    if errors:
        raise DiagnosticError(*errors)
    return ClusterContents(
        source=_source_name(files),
        read_on=read_on,
        lists={kind: tuple(found.values()) for kind, found in lists.items()},
        benchmark=benchmark,
        partial={kind: shown for kind, shown in partial.items() if kind not in complete},
        uid=_cluster_uid(lists.get(NAMESPACE, {})),
    )


def _cluster_uid(namespaces: Mapping[tuple[str, str], Object]) -> str | None:
    """Return the UID of the namespace kube-system, which identifies a cluster.

    None where it is not among the namespaces.
    """
    found = at(namespaces.get(("", "kube-system")), "metadata", "uid")
    return found if isinstance(found, str) and found else None


def _describe_flaw(document: Object) -> str | None:
    """Return why the output of kubectl is not a complete list; None where it is one."""
    kind = str(document["kind"])
    if kind == "Table":
        return "is a table, as kubectl prints it for people, and does not hold the objects"
    missing = "what is missing would count as absent"
    if not kind.endswith("List"):
        return f"is one object and no list: {missing}"
    # A list that was requested with a limit has a token for its next page ("API concepts", large
    # result sets).
    if at(document, "metadata", "continue") or at(document, "metadata", "remainingItemCount"):
        return f"is a part of a list: {missing}"
    if not isinstance(document.get("items"), list):
        return f"has no list of items: {missing}"
    malformed = describe_malformed(document["items"])
    return None if malformed is None else f"is malformed: {malformed}"


def _is_complete(
    kind: Kind, shown: frozenset[str], names: frozenset[str], *, all_namespaces: bool
) -> bool:
    """Return whether a list with objects of some names and namespaces covers the whole cluster."""
    if kind in IN_EVERY_CLUSTER:
        return names >= IN_EVERY_CLUSTER[kind]
    if kind in OF_THE_CLUSTER:
        return bool(names) or all_namespaces
    has_system = "kube-system" in shown or kind not in IN_KUBE_SYSTEM
    return has_system and (all_namespaces or len(shown) > 1)


def _merge_objects(
    lists: dict[Kind, dict[tuple[str, str], Object]], bodies: Iterable[Object], path: str
) -> Iterator[Diagnostic]:
    """Add objects to their lists, keeping the newer version of an object that is there already.

    Yield an error where `default` or `kube-system` has another UID than before: the dumps are of
    two clusters.
    """
    for body in bodies:
        kind, key = _kind_of(body), (namespace_of(body), name_of(body))
        known = lists[kind].get(key)
        uids = [at(each, "metadata", "uid") for each in (known, body) if each is not None]
        is_lasting = kind == NAMESPACE and key[1] in ("default", "kube-system")
        if is_lasting and len(uids) == 2 and all(uids) and uids[0] != uids[1]:
            yield error(
                "two-clusters",
                f"{path} is of another cluster than the files before it: the namespace {key[1]} "
                f"has the UID {uids[1]}, and not {uids[0]}.",
                None,
                "Give the files of one cluster.",
            )
        if known is None or _resource_version(body) >= _resource_version(known):
            lists[kind][key] = body


def _resource_version(body: Object) -> int:
    """Return the resourceVersion of an object as a number: higher if it was written later.

    Source: kubernetes.io, "API concepts": resource versions are comparable.
    """
    text = str(at(body, "metadata", "resourceVersion") or "")
    return int(text) if text.isdigit() else 0


def path_of(argument: str) -> str:
    """Return the path of the file that an argument of `--observation` names."""
    names, equals, path = argument.partition("=")
    return path if equals and "/" not in names else argument


def _file_name(argument: str) -> str:
    return path_of(argument).replace("\\", "/").rpartition("/")[2]


def _source_name(files: Mapping[str, str]) -> str:
    names = [_file_name(argument) for argument in files]
    more = f" and {len(names) - _MOST_KINDS} more" if len(names) > _MOST_KINDS else ""
    return f"{', '.join(names[:_MOST_KINDS])}{more}"


def _parse_dump(argument: str, text: str) -> tuple[set[Kind], Object]:
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
    if not text.strip():
        # `kubectl get … > FILE` leaves an empty file where the cluster does not serve the kind.
        raise DiagnosticError(
            error(
                "empty-file",
                f"{path} is empty: the command that writes it failed.",
                None,
                "Run it again, or remove the file: what needs it is reported as unknown.",
            )
        )
    try:
        document: Any = json.loads(text)
    except (ValueError, RecursionError):
        document = None
        if _YAML.match(text):
            raise DiagnosticError(
                error(
                    "no-dump", f"{path} is YAML, and JSON is read.", None, "kubectl get … -o json"
                )
            ) from None
    if isinstance(document, list) and document and at(document[0], "Controls"):
        # The report of kube-bench may be the entry of a list.
        document = document[0]
    if not isinstance(document, dict) or not ("kind" in document or "Controls" in document):
        raise DiagnosticError(
            error(
                "no-dump",
                f"{path} is not JSON of kubectl or of kube-bench.",
                None,
                "kubectl get pods -A -o json > pods.json",
            )
        )
    if not named:
        stem = _file_name(argument).removesuffix(".json")
        named = [name for name in stem.split(",") if name in RESOURCES]
    return {RESOURCES[name] for name in named}, document


def _objects_in(document: Object) -> Iterator[Object]:
    """Yield the objects of a list. The items of a list with a kind do not state theirs."""
    for item in items(document.get("items")):
        if isinstance(item, dict):
            kind = item.get("kind") or str(document["kind"]).removesuffix("List")
            api = item.get("apiVersion") or document.get("apiVersion")
            yield {**item, "kind": kind, "apiVersion": api}


def _kind_of_list(document: Object) -> Iterator[Kind]:
    kind = str(document.get("kind", ""))
    if kind.endswith("List") and kind != "List":
        yield Kind(_api_group(document), kind.removesuffix("List"))


def _kind_of(body: Object) -> Kind:
    return Kind(_api_group(body), str(body.get("kind", "")))


def _api_group(body: Object) -> str:
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
