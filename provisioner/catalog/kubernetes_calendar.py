"""The AKS support calendar of Kubernetes minor versions.

Source: "Supported Kubernetes versions in AKS", the release calendar and its table of long-term
support, as of October 2026. A month without a day ends with its last day.
"""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class SupportDates:
    """The last days of a minor version's support in AKS: of the community's, and long-term.

    Long-term support takes the Premium tier and the plan AKSLongTermSupport.
    """

    community: date
    long_term: date


def _last_day(text: str) -> date:
    year, month, *day = map(int, text.split("-"))
    return date(year, month, day[0] if day else monthrange(year, month)[1])


_ENDS: Mapping[int, SupportDates] = {
    minor: SupportDates(_last_day(community), _last_day(long_term))
    for minor, community, long_term in (
        (29, "2025-03", "2026-04"),
        (30, "2025-08-22", "2026-07"),
        (31, "2025-11-01", "2026-11"),
        (32, "2026-03", "2027-03"),
        (33, "2026-07", "2027-07"),
        (34, "2026-11", "2027-11"),
        (35, "2027-03", "2028-03"),
        (36, "2027-06", "2028-06"),
        (37, "2027-10", "2028-10"),
    )
}


def find_support_dates(minor: int) -> SupportDates | None:
    """Return the last days of support of a minor version (35 of 1.35); None of an unlisted one."""
    return _ENDS.get(minor)
