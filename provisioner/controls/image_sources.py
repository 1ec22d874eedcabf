"""Whose images a policy names: by host, and by owner where everybody publishes on a host.

Source: the pages of Azure Policy for Kubernetes on `excludedImages` (`*` stands for any text) and
on `allowedContainerImagesRegex`; the registries' own pages on who may publish.
"""

import re

from provisioner.controls.wanted import Wanted

PUBLIC_HOSTS = frozenset(
    (
        "docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com",
        "ghcr.io", "docker.pkg.github.com", "quay.io", "gcr.io", "us.gcr.io", "eu.gcr.io",
        "asia.gcr.io", "public.ecr.aws", "registry.gitlab.com", "lscr.io", "ttl.sh",
        "container-registry.oracle.com", "docker.elastic.co", "registry.digitalocean.com",
    )
)  # fmt: skip
"""Hosts on which whoever has an account publishes: the first part of a name says who did."""

_GROUP = re.compile(r"\([^()]*\)")
_HOST = re.compile(r"[\w-]+(\\\.[\w-]+)+(:\d+)?")
_OWNER = re.compile(r"[\w.\\-]*[A-Za-z0-9]")


def names_sources(value: object) -> bool:
    """Tell whether a regular expression holds for images of named sources alone.

    Anchored, with every dot of a host escaped, and no other pattern in it: a dot that is any
    character matches a look-alike, and a second alternative is not anchored by the first's mark
    (guidelines.md WRK-01.2). On a host where everybody publishes it has to name whose.
    """
    if not isinstance(value, str) or not value.startswith("^"):
        return False
    if "|" in _GROUP.sub("", value):
        return False
    host, slash, rest = value[1:].replace("\\/", "/").partition("/")
    names = host.removeprefix("(").removeprefix("?:").removesuffix(")").split("|")
    if not slash or not all(_HOST.fullmatch(name) for name in names):
        return False
    return _names_owner(rest) or not any(_host_of(name) in PUBLIC_HOSTS for name in names)


def _host_of(name: str) -> str:
    return name.replace("\\", "").partition(":")[0].lower()


def _names_owner(rest: str) -> bool:
    """Tell whether the first part of a path is a name, and no pattern."""
    owner, slash, _ = rest.partition("/")
    group = owner.removeprefix("(").removeprefix("?:").removesuffix(")")
    plain = all(
        _OWNER.fullmatch(name) and "." not in name.replace("\\.", "") for name in group.split("|")
    )
    return bool(slash) and plain


def _are_named(value: object) -> bool:
    """Tell whether each pattern of a list names a host, and whose images it means there."""
    listed = value if isinstance(value, (list, tuple)) else (value,) if value else ()
    return all(isinstance(pattern, str) and _is_named(pattern) for pattern in listed)


def _is_named(pattern: str) -> bool:
    host, slash, rest = pattern.partition("/")
    if not slash or "." not in host or "*" in host:
        return False
    owner, deeper, _ = rest.partition("/")
    is_public = host.partition(":")[0].lower() in PUBLIC_HOSTS
    return not is_public or (bool(deeper) and "*" not in owner)


NAMED_HOSTS = Wanted(
    names_sources,
    r"one like ^NAME\.azurecr\.io/.+$: anchored, with escaped dots, of a registry that is yours",
)
"""Want an expression of the images of named sources."""

NAMED_SOURCES = Wanted(_are_named, "nothing, or images of named registries (NAME.azurecr.io/agent)")
"""Want no pattern of images, or such as name whose images they are."""
