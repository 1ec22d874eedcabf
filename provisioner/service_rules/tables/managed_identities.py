"""Federated identity credentials of managed identities."""

from collections.abc import Iterator

from provisioner.service_rules.conditions import matches_pattern
from provisioner.service_rules.partial_bodies import entries_at, is_silent, text_at
from provisioner.service_rules.rule import Refusal, ServiceRule, Write

_TYPE = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials"
_ISSUER, _SUBJECT, _AUDIENCES = "properties.issuer", "properties.subject", "properties.audiences"
_MATCHING = "properties.claimsMatchingExpression"
# guidelines.md §3.5.
_MOST = 20
_LONGEST = 600
_PAGE = "learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations"
_HOW = "Entra, create a trust with a user-assigned managed identity (error codes)"


def _judge_number(write: Write) -> Iterator[Refusal]:
    others = len(write.siblings.resources)
    identity = write.id.parent
    if write.before is None and others >= _MOST and identity is not None:
        yield Refusal(
            "",
            f"an identity has at most {_MOST} federated credentials, and {identity.name} gets "
            f"{others + 1}",
            "Use a second identity.",
        )


def _judge_same(write: Write) -> Iterator[Refusal]:
    issuer, subject = text_at(write.after, _ISSUER), text_at(write.after, _SUBJECT)
    for other in write.siblings if issuer and subject else ():
        if (text_at(other.body, _ISSUER), text_at(other.body, _SUBJECT)) == (issuer, subject):
            yield Refusal(
                _SUBJECT,
                f"the credential {other.id.name} has the same issuer and subject {subject}",
            )
            return


def _judge_audiences(write: Write) -> Iterator[Refusal]:
    if len(list(entries_at(write.after, _AUDIENCES))) > 1:
        yield Refusal(_AUDIENCES, "a federated credential has one audience")


def _judge_length(write: Write) -> Iterator[Refusal]:
    for path in (_ISSUER, _SUBJECT):
        text = text_at(write.after, path)
        if text is not None and len(text) > _LONGEST:
            yield Refusal(path, f"it has {len(text)} characters, and {_LONGEST} at most fit")


def _judge_subject(write: Write) -> Iterator[Refusal]:
    """Yield a credential without a subject, unless it matches claims by an expression."""
    if is_silent(write.after, _SUBJECT) and is_silent(write.after, _MATCHING):
        yield Refusal(_SUBJECT, "a federated credential names the subject that it trusts")


RULES = (
    ServiceRule(
        id="credential-number",
        type=_TYPE,
        code="BadRequest",
        source=f"{_PAGE}; Azure/azure-workload-identity#575",
        judge=_judge_number,
    ),
    ServiceRule(
        id="credential-same",
        type=_TYPE,
        status=409,
        code="Conflict",
        source=_HOW,
        judge=_judge_same,
    ),
    ServiceRule(
        id="credential-audiences",
        type=_TYPE,
        code=None,
        source=f"{_PAGE}; {_HOW}",
        judge=_judge_audiences,
    ),
    ServiceRule(
        id="credential-length",
        type=_TYPE,
        code=None,
        source=f"{_PAGE} (600 characters)",
        judge=_judge_length,
    ),
    ServiceRule(
        id="credential-subject",
        type=_TYPE,
        code=None,
        source=f"{_HOW}; REST reference of federated identity credentials: subject is required",
        judge=_judge_subject,
    ),
    ServiceRule(
        id="credential-issuer",
        type=_TYPE,
        code=None,
        source=_HOW,
        judge=matches_pattern(_ISSUER, r"https://.+", "an https URL"),
    ),
)
