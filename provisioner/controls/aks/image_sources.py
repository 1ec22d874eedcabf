"""Image sources that a policy allows or excludes: by host, and by owner on public hosts.

Source: the pages of Azure Policy for Kubernetes on `excludedImages` (`*` stands for any text) and
on `allowedContainerImagesRegex`; the registries' own pages on who may publish.

Called by `aks.admission`, `aks.namespace_rules` and controls of the chapters.
"""

import re

from provisioner.controls.predicates import Predicate

_PUBLIC_DOMAINS = (
    "docker.io", "docker.com", "ghcr.io", "docker.pkg.github.com", "quay.io", "gcr.io", "pkg.dev",
    "public.ecr.aws", "registry.gitlab.com", "lscr.io", "ttl.sh", "container-registry.oracle.com",
    "docker.elastic.co", "registry.digitalocean.com", "daocloud.io",
)  # fmt: skip
"""Domains, with all hosts in them, where whoever has an account publishes, or where what they
publish is mirrored: the first part of a name says who did. A host of a company, or of a project
that publishes there itself (mcr.microsoft.com, registry.k8s.io), says so by its name."""


def _is_public_host(host: str) -> bool:
    name = host.partition(":")[0].lower()
    return any(name == domain or name.endswith(f".{domain}") for domain in _PUBLIC_DOMAINS)


_GROUP = re.compile(r"\((?:\?:)?([^()?][^()]*)\)(?![*+?{])")
"""A group without groups in it, taken once. Of what else a parenthesis can begin or a quantifier
repeat, nobody here tells what it matches."""
_MOST_ALTERNATIVES = 64
_HOST = re.compile(r"[\w-]+(\\\.[\w-]+)+(:\d+)?", re.ASCII)
_OWNER = re.compile(r"(\\\.|[\w-])*[A-Za-z0-9]", re.ASCII)


def names_sources(value: object) -> bool:
    """Return whether a regular expression holds for images of named sources alone.

    Each alternative of it is anchored, with every dot of a host escaped, and no other pattern in
    it: a dot that is any character matches a look-alike, and a second alternative is not anchored
    by the first's mark (guidelines.md WRK-01.2). On a host where everybody publishes it has to name
    whose.
    """
    if not isinstance(value, str):
        return False
    found = _expand_alternatives(value.replace("\\/", "/"))
    return found is not None and all(map(_names_source, found))


def _expand_alternatives(pattern: str) -> list[str] | None:
    """Return an expression as a list of those without groups and alternatives.

    It is None where they are too many, or it has groups of other kinds.
    """
    pending, expanded = [f"({pattern})"], []
    while pending:
        text = pending.pop()
        group = _GROUP.search(text)
        if group is None:
            expanded.append(text)
            continue
        before, after = text[: group.start()], text[group.end() :]
        pending += [f"{before}{part}{after}" for part in group[1].split("|")]
        # Groups multiply: twenty of two alternatives are a million expressions.
        if len(pending) + len(expanded) > _MOST_ALTERNATIVES:
            return None
    return None if any("(" in text or ")" in text for text in expanded) else expanded


def _names_source(pattern: str) -> bool:
    """Return whether an expression without groups is for images of one host, or one owner there."""
    # The policy searches for the expression: without an anchor it also matches in the middle of a
    # stranger's image name.
    host, slash, rest = pattern.removeprefix("^").partition("/")
    if not pattern.startswith("^") or not _HOST.fullmatch(host) or not _requires_slash(slash, rest):
        return False
    return not _is_public_host(host.replace("\\", "")) or _names_owner(rest)


def _names_owner(rest: str) -> bool:
    """Return whether the first part of a path is a name, and no pattern."""
    owner, slash, deeper = rest.partition("/")
    return _requires_slash(slash, deeper) and _OWNER.fullmatch(owner) is not None


def _requires_slash(slash: str, rest: str) -> bool:
    """Return whether a slash has to be there: without it, a longer host begins in the same way."""
    return bool(slash) and not rest.startswith(("?", "*", "{"))


def _are_named_sources(value: object) -> bool:
    """Return whether each pattern of a list names a host, and whose images it means there."""
    listed = value if isinstance(value, (list, tuple)) else (value,) if value else ()
    return all(isinstance(pattern, str) and _is_named_source(pattern) for pattern in listed)


def names_registry(prefix: str) -> bool:
    """Return whether a registry, with or without a path, identifies the owner of its images."""
    return _is_named_source(f"{prefix.rstrip('/')}/*")


def _is_named_source(pattern: str) -> bool:
    host, slash, rest = pattern.partition("/")
    # A name without a dot in its first part is an image of Docker Hub.
    if not slash or "." not in host or "*" in host:
        return False
    owner, deeper, _ = rest.partition("/")
    return not _is_public_host(host) or (bool(deeper) and "*" not in owner)


NAMED_HOSTS = Predicate(
    names_sources,
    "a pattern like ^NAME\\.azurecr\\.io/.+$: anchored, with escaped dots, for your own registry",
)
"""Want an expression of the images of named sources."""

NAMED_SOURCES = Predicate(
    _are_named_sources, "not set, or images of named registries (NAME.azurecr.io/agent)"
)
"""Want no pattern of images, or such as name whose images they are."""
