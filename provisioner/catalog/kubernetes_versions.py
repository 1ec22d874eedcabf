"""Kubernetes versions that AKS offers (guidelines.md CLU-06.1), for the built-in Azure.

Three minor versions have the community's support; some older ones continue under long-term support,
which takes the Premium tier ("Supported Kubernetes versions in AKS", "Long-term support").
"""

from dataclasses import dataclass, replace

from provisioner.model.values import Json

_PATCHES = {"1.33": "1.33.12", "1.34": "1.34.7", "1.35": "1.35.4", "1.36": "1.36.1"}
DEFAULT_VERSION = "1.35"
"""The minor version of a cluster that states none."""

COMMUNITY, LONG_TERM = "KubernetesOfficial", "AKSLongTermSupport"
"""The support plans, as a cluster's `supportPlan` and the list of versions name them."""


@dataclass(frozen=True, slots=True)
class OfferedVersion:
    """A minor version that a region offers: its patches, its support plans, whether a preview."""

    minor: str
    patches: tuple[str, ...]
    plans: tuple[str, ...] = (COMMUNITY, LONG_TERM)
    is_preview: bool = False


OFFERED = (
    OfferedVersion("1.30", ("1.30.14",), (LONG_TERM,)),
    OfferedVersion("1.31", ("1.31.14",), (LONG_TERM,)),
    OfferedVersion("1.32", ("1.32.13",), (LONG_TERM,)),
    OfferedVersion("1.33", ("1.33.11", "1.33.12"), (LONG_TERM,)),
    OfferedVersion("1.34", ("1.34.6", "1.34.7")),
    OfferedVersion("1.35", ("1.35.3", "1.35.4")),
    OfferedVersion("1.36", ("1.36.1",)),
    OfferedVersion("1.37", ("1.37.0",), is_preview=True),
)
"""What the built-in Azure offers in every region."""


def offers(version: str) -> bool:
    """Return whether a minor version or a patch (`1.35`, `1.35.4`) is offered."""
    return any(version in (one.minor, *one.patches) for one in OFFERED)


def running_version(stated: Json) -> str:
    """Return the patch that AKS runs where `stated` is requested, which may be a minor version."""
    text = stated if isinstance(stated, str) and stated else DEFAULT_VERSION
    return _PATCHES.get(text, text)


def upgrades_from(version: str, plan: object) -> tuple[OfferedVersion, ...]:
    """Return the upgrades that AKS offers from a version (`1.34.6`) under a support plan.

    Each minor version has the patches that it may go to. Offered are newer patches, and the next
    minor version; under long-term support every later one that has it; out of a version that the
    plan does not support the oldest that it does ("Supported Kubernetes versions in AKS", the table
    of which minor versions may be skipped). From what is no version nothing is offered.
    """
    if not all(map(str.isdigit, version.split("."))) or "." not in version:
        return ()
    numbers = _version_numbers(version)
    is_long_term = str(plan).lower() == LONG_TERM.lower()
    wanted = LONG_TERM if is_long_term else COMMUNITY
    later = [
        one for one in OFFERED if wanted in one.plans and _minor_number(one.minor) > numbers[1]
    ]
    if not is_long_term:
        stable = [one for one in later if not one.is_preview]
        least = _minor_number(stable[0].minor) if stable else 0
        later = [one for one in later if _minor_number(one.minor) in (numbers[1] + 1, least)]
    own = next((one for one in OFFERED if _minor_number(one.minor) == numbers[1]), None)
    patches = () if own is None else tuple(p for p in own.patches if _version_numbers(p) > numbers)
    newer = (replace(own, patches=patches),) if own is not None and patches else ()
    return (*newer, *later)


_FIRST_MINOR = 17
_FIRST_RELEASES = (
    *("2019-12", "2020-03", "2020-08", "2020-12", "2021-04", "2021-08", "2021-12", "2022-05"),
    *("2022-08", "2022-12", "2023-04", "2023-08", "2023-12", "2024-04", "2024-08", "2024-12"),
    *("2025-04", "2025-08", "2025-12", "2026-04"),
)
"""When Kubernetes 1.17 and each later minor version were released (kubernetes.io/releases)."""

_NEWEST_PATCH = 9
"""Of a minor version without a patch AKS takes the newest; by then about so many are out."""


def released(version: object) -> str | None:
    """Return the month (`2024-02`) in which a Kubernetes version (`1.29.2`, `1.29`) was released.

    An estimate for patches, which are monthly. None for an unknown version.
    """
    parts = version.split(".") if isinstance(version, str) else []
    numbers = [int(part) for part in parts if part.isdigit()]
    minor = numbers[1] - _FIRST_MINOR if len(numbers) == len(parts) >= 2 else -1
    if not 0 <= minor < len(_FIRST_RELEASES):
        return None
    year, month = map(int, _FIRST_RELEASES[minor].split("-"))
    months = year * 12 + month - 1 + (numbers[2] if len(numbers) > 2 else _NEWEST_PATCH)
    return f"{months // 12}-{months % 12 + 1:02}"


_LONGEST_SUPPORT = 18
"""Months from the release of a minor version by which the community's support of it has certainly
ended in AKS: it comes to AKS two to four months later, and stays a year or three versions
("Supported Kubernetes versions in AKS")."""


def is_in_support(version: str, today: str | None) -> bool:
    """Return whether a version (`1.34.7`) has the community's support in AKS by this module's list.

    The list ages: on a day (`2026-12-31`) on which that support must have ended it has not.
    """
    minor = _minor_number(version)
    oldest = min(_minor_number(one.minor) for one in OFFERED if COMMUNITY in one.plans)
    month = released(f"1.{minor}.{_LONGEST_SUPPORT}")
    return minor >= oldest and not (month and today and month < today)


def _minor_number(version: str) -> int:
    return _version_numbers(version)[1]


def _version_numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def is_at_least(version: object, *wanted: int) -> bool:
    """Return whether a Kubernetes version (`1.34`, `1.34.2`) is one, or a later; so is none."""
    parts = version.split(".")[: len(wanted)] if isinstance(version, str) else []
    return not (parts and all(map(str.isdigit, parts))) or tuple(map(int, parts)) >= wanted
