"""Controls: rows of the guidelines, each with the rules or the network proof that check it.

Used by every chapter, and by all that evaluates, lists or reports controls.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from provisioner.controls.cluster_objects.rules import observed_rules
from provisioner.controls.cluster_objects.view import ObservedRule
from provisioner.controls.rule import Rule
from provisioner.network.model.topology_reader import TYPES
from provisioner.network.proofs.suite import Prove


class Severity(StrEnum):
    """Severity of a failure, the worst first, as in the outline of the guidelines."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """The position on the scale: 0 is worst."""
        return list(Severity).index(self)

    @property
    def emoji(self) -> str:
        """The mark that the outline gives it."""
        return _EMOJI[self]


_EMOJI = {
    Severity.CRITICAL: "💥",
    Severity.HIGH: "🔥",
    Severity.MEDIUM: "☁️",
    Severity.LOW: "⛅",
    Severity.INFO: "ℹ️",  # noqa: RUF001  the sign is the emoji's own
}


class Layer(StrEnum):
    """The layer of defence that a control belongs to (PRI-02, PRI-08)."""

    NETWORK = "network"
    IDENTITY = "identity"
    DATA = "data"
    RUNTIME = "runtime"
    AUDIT = "audit"


class Mode(StrEnum):
    """Source that can answer a control (the letters of guidelines.md).

    It is Azure Resource Manager, the Kubernetes API, Microsoft Graph, a log query, or a person.
    """

    ARM = "A"
    CLUSTER = "K"
    DIRECTORY = "G"
    LOGS = "L"
    PERSON = "M"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mappings:
    """Mappings of a control to other frameworks.

    They are CIS AKS 1.8 (recommendation numbers), Azure Policy (GUIDs of built-in definitions),
    checkov (`CKV_AZURE_n`) and PSRule (`Azure.…`).
    """

    cis: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    checkov: tuple[str, ...] = ()
    psrule: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return any((self.cis, self.policies, self.checkov, self.psrule))


NO_MAPPINGS = Mappings()

NO_EQUIVALENT = (
    "no equivalent was found in CIS AKS 1.8, the built-in definitions of Azure Policy, checkov or "
    "PSRule."
)
"""Why a control has no mapping, where each of the frameworks was searched."""

MAPPED_BY_PARTS = "its parts have the mappings."
"""Why a control that is the sum of its parts has no mapping of its own."""


def terms(text: str) -> tuple[str, ...]:
    """Return the search terms of a text, which separates them by semicolons."""
    return tuple(term.strip() for term in text.split(";"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """One row of the guidelines, or one proof over the whole network.

    id           as in guidelines.md: CLU-01.4; of a proof: PRF-01
    title        what is true when the control passes, with the setting's own name
    synonyms     other words under which it is searched: abbreviations, former names, property names
    severity     as the outline says, or as guidelines.md proposes
    layer        the layer of defence it belongs to
    item         the item of the outline that it comes from
    rationale    why it matters, in a sentence or two
    remediation  resources of a blueprint, by address, as YAML: what satisfies it. Merged into one
                 that fails it, it passes. For what Azure Resource Manager cannot answer: what to do
    modes        who can answer it
    rules        what checks it; none where it is answered by its parts, by a proof, or not by ARM
    in_cluster   what checks the namespaces that the environment's `kubernetes:` states: a failure
                 is one, and a pass is none before somebody looked into the cluster
    proof        the proof over the network that answers it, None for all others
    evidence     what shows the rest, where ARM alone does not: a query, a command, a document
    limits       what it cannot see: the part of its purpose that a pass leaves unproved
    mappings     the same in other frameworks
    unmapped     why no other framework has it; "" where `mappings` holds one
    refutes      what other frameworks ask for and what it is about does not do, however it ends:
                 it judges another way than theirs
    same_as      ids of the controls that answer it as well, as their parts do an item: a row that
                 refers to others
    source       the file that states a custom control; "" for azsec's own
    custom_chapter  the heading of a custom control, whose letters are no chapter of the guidelines
    """

    id: str
    title: str
    severity: Severity
    layer: Layer
    item: str
    rationale: str
    synonyms: tuple[str, ...] = ()
    remediation: str = ""
    modes: tuple[Mode, ...] = (Mode.ARM,)
    rules: tuple[Rule, ...] = ()
    in_cluster: tuple[Rule, ...] = ()
    proof: Prove | None = None
    evidence: str = ""
    limits: str = ""
    mappings: Mappings = NO_MAPPINGS
    unmapped: str = ""
    refutes: Mappings = NO_MAPPINGS
    same_as: tuple[str, ...] = ()
    source: str = ""
    custom_chapter: str = ""

    @property
    def is_verifiable(self) -> bool:
        """Whether Azure Resource Manager can answer it, or the part of it that counts."""
        return Mode.ARM in self.modes

    @property
    def observed(self) -> ObservedRule | None:
        """What checks it in the cluster itself, where its objects were read."""
        return observed_rules().get(self.id)

    @property
    def has_findings(self) -> bool:
        """Whether it finds something by itself, and not by its parts or by what people attest."""
        return bool(self.rules or self.in_cluster or self.observed) or self.proof is not None

    @property
    def chapter(self) -> str:
        """Return the letters of its id.

        They are CLU, WRK, ENV, NET, PRV, MON, CFG, SA, MAN or PRF, or others of a custom control.
        """
        return self.id.partition("-")[0]

    def parts_in(self, controls: "Iterable[Control]") -> "list[Control]":
        """Return the parts of this control among others, in their order.

        CLU-01.4 is a part of CLU-01, and of one that refers to CLU-01.
        """
        # The dot keeps WRK-01 from claiming the parts of WRK-014.
        below = tuple(f"{name}." for name in (self.id, *self.same_as))
        return [c for c in controls if c.id in self.same_as or c.id.startswith(below)]

    @property
    def reads(self) -> Iterator[tuple[str, str]]:
        """Yield (ARM type, path) of every property that it may read.

        A proof reads all that a network is made from.
        """
        if self.proof is not None:
            # A proof follows routes through whatever is connected: no list of paths would be
            # complete.
            yield from ((kind, "properties") for kind in TYPES)
        for rule in (*self.rules, *self.in_cluster):
            for kind, paths in rule.reads.items():
                for path in paths:
                    yield kind, path
