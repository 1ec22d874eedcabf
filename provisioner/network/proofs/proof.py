"""The result of a network proof: its verdict, and its counter-examples with what decides them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from provisioner.model.span import Span


class Verdict(StrEnum):
    """The verdict of a proof.

    `unknown` is not `holds`: something that it rests on is not known. Nor is `waived`: it fails,
    and the environment accepts every breach until a date.
    """

    HOLDS = "holds"
    FAILS = "fails"
    UNKNOWN = "unknown"
    WAIVED = "waived"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True, slots=True)
class Breach:
    """One counter-example.

    `element` is the label of what decides it: the route, the rule, the peering to change. `hint` is
    what to do. `certain` is false where it cannot be known; `waived` is true where the environment
    accepts it.
    """

    element: str
    message: str
    hint: str
    span: Span | None = None
    certain: bool = True
    waived: bool = False


@dataclass(frozen=True, slots=True)
class Proof:
    """A statement about the whole network, and every breach of it.

    `name` is short (`egress`), `claim` the statement as text; `scope` is what was evaluated.
    """

    name: str
    claim: str
    verdict: Verdict
    breaches: tuple[Breach, ...] = ()
    scope: str = ""


def conclude(name: str, claim: str, breaches: Iterable[Breach], scope: str) -> Proof:
    """Return the proof that results from its breaches.

    It fails if one is certain, else it is unknown; waived breaches do not count for either.
    """
    # Several subnets can lead to one breach of a shared route table.
    found = tuple(dict.fromkeys(breaches))
    unwaived = [breach for breach in found if not breach.waived]
    if unwaived:
        certain = any(breach.certain for breach in unwaived)
        verdict = Verdict.FAILS if certain else Verdict.UNKNOWN
    else:
        verdict = Verdict.WAIVED if found else Verdict.HOLDS
    return Proof(name, claim, verdict, found, scope)


def waive(proof: Proof, accepts: Callable[[Breach], bool]) -> Proof:
    """Return a proof with the certain breaches waived that somebody accepts."""
    if not any(breach.certain and accepts(breach) for breach in proof.breaches):
        return proof
    breaches = (
        replace(breach, waived=breach.certain and accepts(breach)) for breach in proof.breaches
    )
    return conclude(proof.name, proof.claim, breaches, proof.scope)


def qualify(absent: Proof, declared: Proof, unreadable: Sequence[tuple[str, str]]) -> Proof:
    """Return a proof of a state of which something could not be read.

    `absent` was made without it, `declared` with it as the blueprint declares it; `unreadable` has
    the labels of what could not be read, and why. Only a breach that both have is certain: the
    others depend on what nobody saw. Without one it is unknown whether the claim holds.
    """
    if Verdict.NOT_APPLICABLE is absent.verdict is declared.verdict:
        return absent
    # An absent resource can make a proof fail (no route) or hold (no peering): neither reading is
    # safe alone.
    certain = [breach for breach in absent.breaches if breach in declared.breaches]
    possible = [
        replace(breach, certain=False)
        for breach in declared.breaches
        if breach not in absent.breaches
    ]
    more = f" and {len(unreadable) - _MOST_NAMED} more" if len(unreadable) > _MOST_NAMED else ""
    named = ", ".join(label for label, _ in unreadable[:_MOST_NAMED])
    gap = Breach(
        unreadable[0][0],
        f"{absent.name} is not evaluated: {named}{more} cannot be read ({unreadable[0][1]}).",
        "Grant the credential Reader on it.",
        certain=False,
    )
    return conclude(absent.name, absent.claim, [*certain, *possible, gap], declared.scope)


_MOST_NAMED = 3


def skip(name: str, claim: str, because: str) -> Proof:
    """Return the proof of a statement that applies to nothing in the network."""
    return Proof(name, claim, Verdict.NOT_APPLICABLE, (), because)
