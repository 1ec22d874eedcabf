"""Network proofs: statements about all paths of an environment's network, and their verdicts."""

from provisioner.documents.document import Document

FAILS = "fails"
"""The verdict of a proof with a counter-example."""


class BreachWaiverDocument(Document):
    """What accepts a counter-example; `expires` is its last day (ISO 8601)."""

    reason: str
    owner: str
    expires: str


class BreachDocument(Document):
    """A counter-example.

    `element` is what decides it; `certain` is false where something that it depends on is not
    known, `waived` true where the environment accepts it, by its `waiver`.
    """

    element: str
    message: str
    hint: str
    certain: bool = True
    waived: bool = False
    waiver: BreachWaiverDocument | None = None


class ProofDocument(Document):
    """A statement about the whole network, and its verdict.

    That is `holds`, `fails`, `waived`, `unknown` or `not applicable`. `scope` is what was examined,
    or why there was nothing to examine; `control` is the id of the control that it is.
    """

    control: str
    name: str
    claim: str
    verdict: str
    scope: str
    breaches: tuple[BreachDocument, ...] = ()


class GateDocument(Document):
    """A gate that refuses the plan: which one, why, and what to do."""

    gate: str
    reason: str
    hint: str
