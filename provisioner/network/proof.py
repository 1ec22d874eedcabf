"""What a proof says: it holds, or here is the counter-example and the element that is to blame."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from provisioner.model.span import Span


class Verdict(StrEnum):
    """How a proof ended. `unknown` is not `holds`: something that it rests on is not known."""

    HOLDS = "holds"
    FAILS = "fails"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True, slots=True)
class Breach:
    """One counter-example. `element` is the label of what decides it: the route, the rule, the
    peering to change. `hint` says what to do. `certain` is false where it cannot be known."""

    element: str
    message: str
    hint: str
    span: Span | None = None
    certain: bool = True


@dataclass(frozen=True, slots=True)
class Proof:
    """A statement about the whole network, and every breach of it.

    `name` is short (`egress`), `claim` the statement in words; `scope` says what was looked at.
    """

    name: str
    claim: str
    verdict: Verdict
    breaches: tuple[Breach, ...] = ()
    scope: str = ""


def conclude(name: str, claim: str, breaches: Iterable[Breach], scope: str) -> Proof:
    """Return the proof that some breaches make: it fails if one is certain, else it is unknown."""
    found = tuple(dict.fromkeys(breaches))
    if not found:
        verdict = Verdict.HOLDS
    else:
        certain = any(breach.certain for breach in found)
        verdict = Verdict.FAILS if certain else Verdict.UNKNOWN
    return Proof(name, claim, verdict, found, scope)


def skip(name: str, claim: str, because: str) -> Proof:
    """Return the proof of a statement that has nothing to be about."""
    return Proof(name, claim, Verdict.NOT_APPLICABLE, (), because)
