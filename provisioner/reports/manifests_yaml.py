"""Renders Kubernetes objects as a YAML stream for kubectl, each under a comment with its reason."""

from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from provisioner.documents.manifests import ManifestDocument, ManifestsDocument

_CLUSTER_FILE = "cluster.yaml"


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks, lists below their key, and no aliases."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        return super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def render_manifests_yaml(document: ManifestsDocument) -> str:
    """Return all objects as one stream."""
    return _yaml_stream(document, document.manifests)


def render_manifest_files(document: ManifestsDocument) -> Mapping[str, str]:
    """Return the objects as files by name.

    There is one file for each namespace, which begins with the Namespace itself, and `cluster.yaml`
    for cluster-scoped objects.
    """
    files: dict[str, list[ManifestDocument]] = {}
    for manifest in document.manifests:
        name = f"namespace-{manifest.namespace}.yaml" if manifest.namespace else _CLUSTER_FILE
        files.setdefault(name, []).append(manifest)
    return {name: _yaml_stream(document, manifests) for name, manifests in files.items()}


def render_bodies(bodies: Iterable[Mapping[str, Any]]) -> str:
    """Return objects as one stream, without comments."""
    return "".join(f"---\n{dump_yaml(body)}" for body in bodies)


def _yaml_stream(document: ManifestsDocument, manifests: Iterable[ManifestDocument]) -> str:
    head = (
        f"# azsec manifests {document.environment.name}: Kubernetes {document.kubernetes_version}. "
        "Change the environment's file, not this one.\n"
    )
    return head + "".join(_manifest_yaml(manifest) for manifest in manifests)


def _manifest_yaml(manifest: ManifestDocument) -> str:
    told = f"{', '.join(manifest.controls)}: {manifest.reason}"
    return f"---\n# {told}\n{dump_yaml(manifest.body)}"


def dump_yaml(body: Mapping[str, Any], width: int = 4096) -> str:
    """Return one object as YAML, its keys in their order; texts are folded at `width`."""
    return yaml.dump(dict(body), Dumper=_Dumper, sort_keys=False, width=width, allow_unicode=True)
