"""The objects of Kubernetes and of AKS that no environment declares.

Kubernetes' own are known by their content, by minor version: `bootstrap/KUBERNETES.json` holds a
digest of each role, binding and the like that kube-apiserver makes when it starts, read off a real
one (`scripts/record_bootstrap.py`). A name alone proves nothing: who adds a subject to
`cluster-admin` changes an object that has always been there.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from provisioner.blueprint.kubernetes import SYSTEM_NAMESPACES
from provisioner.cluster.comparison import content_of
from provisioner.cluster.objects import Key, Object

OWN_NAMESPACES = frozenset({"default", *SYSTEM_NAMESPACES})
"""The namespaces that are there without anybody declaring them."""


def digest_object(body: Object) -> str:
    """Return a digest of what an object says, beside labels and annotations: 16 characters."""
    content = {name: value for name, value in content_of(body).items() if name != "metadata"}
    if content.get("aggregationRule"):
        # The controller manager fills the rules in, from those of other roles.
        content.pop("rules", None)
    text = json.dumps(_without_nothing(content), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _without_nothing(value: Any) -> Any:  # noqa: ANN401  JSON
    if isinstance(value, Mapping):
        return {k: _without_nothing(v) for k, v in value.items() if v is not None}
    return [_without_nothing(item) for item in value] if isinstance(value, list | tuple) else value


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """What the API server of one minor version makes itself: digests by the text of a key.

    `is_exact` says that the version is the cluster's; else it is the nearest that is known, and
    what roles hold may differ from it with good reason.
    """

    version: str
    digests: Mapping[str, str]
    is_exact: bool

    def knows(self, key: Key, body: Object) -> bool:
        """Tell whether an object is Kubernetes' own, and as Kubernetes makes it."""
        known = self.digests.get(key.text)
        if known is None:
            return False
        return known == digest_object(body) or (not self.is_exact and key.kind.endswith("Role"))


@cache
def load_bootstrap(minor: str) -> Bootstrap:
    """Return what Kubernetes of a minor version (`1.35`) makes itself."""
    folder = files("provisioner.cluster") / "bootstrap"
    names = (entry.name for entry in folder.iterdir())
    known = sorted((n.removesuffix(".json") for n in names if n.endswith(".json")), key=_numbers)
    chosen = minor if minor in known else _nearest(minor, known)
    if chosen is None:
        return Bootstrap(minor, {}, False)
    digests: dict[str, str] = json.loads((folder / f"{chosen}.json").read_text(encoding="utf-8"))
    return Bootstrap(chosen, digests, chosen == minor)


def _nearest(minor: str, known: list[str]) -> str | None:
    below = [each for each in known if _numbers(each) <= _numbers(minor)]
    return (below or known[:1] or [None])[-1]  # type: ignore[list-item]  # none at all


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
