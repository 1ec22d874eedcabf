"""Rows of the guidelines' outline that are no control of their own: principles and topics.

Each is answered by controls, named by their ids; `*` at the end takes in the parts of one, or a
whole chapter. Source: guidelines.md §1.0 and §1.1.

Called by `frameworks`.
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True, slots=True)
class Entry:
    """A principle or a topic: its id, its words, and which controls answer it."""

    id: str
    title: str
    answered_by: tuple[str, ...]

    def holds(self, control: str) -> bool:
        """Return whether a control answers this."""
        return any(fnmatchcase(control, pattern) for pattern in self.answered_by)


_EXPOSED = (
    "CLU-01*", "CLU-02*", "CLU-09*", "NET-*", "WRK-01.4", "WRK-05.1", "MON-04", "PRF-03", "PRF-06",
    "PRF-07",
)  # fmt: skip
_NETWORK = (*(f"NET-{number:02}" for number in range(1, 13)), "PRF-*")

PRINCIPLES: tuple[Entry, ...] = (
    Entry("PRI-01", "Minimise the attack surface", _EXPOSED),
    Entry(
        "PRI-02", "Defense in depth", ("NET-*", "PRF-*", "CLU-03*", "WRK-05*", "WRK-02*", "MON-*")
    ),
    Entry("PRI-03", "Secure defaults", ("WRK-05.2", "ENV-04.3", "CLU-01.4", "PRV-*")),
    Entry("PRI-04", "Least privilege", ("CLU-03*", "ENV-02*", "ENV-05*", "MAN-01", "MAN-02")),
    Entry("PRI-05", "Segregation of responsibility", ("ENV-01*", "ENV-05.3")),
    Entry("PRI-06", "Security in DevOps", ("CLU-07", "MON-*", "WRK-01.3")),
    Entry("PRI-07", "Trust your sources", ("WRK-01*", "WRK-07")),
    Entry("PRI-08", "A layered approach", ("CLU-04*", "MON-*", "NET-*", "PRF-*")),
    Entry("PRI-09", "Keep security simple", ("CFG-07", "CLU-09*", "SA-04")),
)

TOPICS: tuple[Entry, ...] = (
    Entry("TOP-01", "Separating environments", ("ENV-01*", "ENV-02*", "ENV-05*", "SA-*")),
    Entry("TOP-02", "Setting up and validating the virtual network", _NETWORK),
    Entry("TOP-03", "Provisioning clusters", ("PRV-*",)),
    Entry(
        "TOP-04", "Endpoints of API server and nodes", ("CLU-01*", "CLU-02*", "PRF-03", "PRF-06")
    ),
    Entry("TOP-05", "Authentication and authorization", ("CLU-03*",)),
    Entry("TOP-06", "Least-privileged access for common tasks", ("MAN-01", "MAN-02", "ENV-05.2")),
    Entry("TOP-07", "Namespaces as administrative boundary", ("CLU-05*",)),
    Entry(
        "TOP-08",
        "Communication paths between namespaces and nodes",
        ("WRK-03.1", "WRK-03.2", "WRK-03.3", "CLU-10*", "MAN-03"),
    ),
    Entry("TOP-09", "Continuous monitoring and auditing", ("MON-*",)),
    Entry("TOP-10", "Benchmarks and tests", ("CLU-07",)),
    Entry("TOP-11", "Regular maintenance, security and cleanup", ("CLU-06*", "CLU-08*")),
    Entry("TOP-12", "Configuration best practices", ("CFG-*",)),
    Entry(
        "TOP-13",
        "Escalating exec, pod identities, security contexts, pod security policies",
        ("WRK-02*", "ENV-02.3", "ENV-02.4", "MAN-04", "MAN-05"),
    ),
    Entry("TOP-14", "Service accounts and secrets", ("SA-*",)),
    Entry("TOP-15", "Network segmentation", ("WRK-03*", "ENV-04*", "NET-*", "PRF-*")),
    Entry("TOP-16", "Secure images and admission", ("WRK-01*", "WRK-07", "WRK-08")),
    Entry("TOP-17", "Container sandboxes", ("WRK-04",)),
    Entry(
        "TOP-18",
        "Secrets and privileged information",
        ("WRK-05*", "WRK-06", "WRK-11", "WRK-12", "WRK-13"),
    ),
)
