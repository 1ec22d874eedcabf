"""Policy tokens of Azure Policy with external evaluation: acquired and sent with a refused write.

Azure refuses such a write with 403 RequestDisallowedByPolicy, whose `additionalInfo` holds
`missingPolicyTokenDetails`. The token of one write comes from POST acquirePolicyToken, bound to its
URI, its method and the bytes of its body, and is sent in a header with the same write once more.

Sources: azure-mgmt-resource-policy (models PolicyTokenRequest, PolicyTokenResponse),
Azure/azure-sdk issue 10081, and Azure/azure-policy, ExternalEvaluationPolicies, "REST contracts".
The token is a credential: it stands in that header alone, which the SDK's log redacts, and in no
message.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from azure.core.exceptions import (
    DecodeError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import HTTPPolicy
from azure.core.rest import HttpRequest

from provisioner.azure.errors import read_error
from provisioner.azure.response import AnswerError, read_object
from provisioner.azure.retry import is_transient
from provisioner.catalog.endpoints import POLICY_TOKEN
from provisioner.model.azure_error import AzureError
from provisioner.model.resource_id import parse_resource_id
from provisioner.model.values import lookup

HEADER = "x-ms-policy-external-evaluations"
DISALLOWED = "RequestDisallowedByPolicy"

_FORBIDDEN = 403
_SUCCEEDED = "succeeded"
_DENYING = frozenset({"deny", "error"})
_READS = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class _Missing:
    """The `missingPolicyTokenDetails` of a refused write."""

    needs_change_reference: bool


class PolicyTokenPolicy(HTTPPolicy[Any, Any]):
    """Sends a write once more with a policy token where Azure refuses it for lack of one.

    That covers PUT, PATCH, POST and DELETE. A token that Azure no longer accepts is acquired again,
    once per attempt of the write.
    """

    def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        """Send `request`, and acquire a policy token for it where Azure requires one.

        Raises AzureError `RequestDisallowedByPolicy`, with Azure's message, where none is issued. A
        transient refusal of the token is returned in place of the write's, so that the retry
        policy sends both again.
        """
        response = self.next.send(request)
        write = request.http_request
        if write.method in _READS or response.http_response.status_code != _FORBIDDEN:
            return response
        missing = _find_missing(response.http_response.content)
        subscription = _subscription_of(write.url)
        if missing is None or subscription is None:
            return response
        refusal = _error_of(response)
        if missing.needs_change_reference:
            raise _refusal_with_reason(
                refusal, "The policy requires a change reference, which azsec has not"
            )
        answer = self._acquire(request, subscription)
        status = answer.http_response.status_code
        if is_transient(status):
            return answer
        if status >= 300:
            raise _refusal_with_reason(refusal, f"No policy token was issued: {_error_of(answer)}")
        write.headers[HEADER] = _token_in(answer.http_response.content, refusal)
        return self.next.send(request)

    def _acquire(
        self, request: PipelineRequest[Any], subscription: str
    ) -> PipelineResponse[Any, Any]:
        """Return the answer to acquirePolicyToken for a write.

        Raises:
            ServiceRequestError: where no answer came: it is safe to retry.
        """
        write = request.http_request
        query = urlencode({"api-version": POLICY_TOKEN.api_version})
        parts = urlsplit(write.url)
        asked = HttpRequest(
            POLICY_TOKEN.method,
            f"{parts.scheme}://{parts.netloc}{POLICY_TOKEN.at(subscription=subscription)}?{query}",
            content=_describe(write),
            headers={"Content-Type": "application/json", "x-ms-force-sync": "true"},
        )
        asked.headers["User-Agent"] = write.headers.get("User-Agent", "")
        try:
            return self.next.send(PipelineRequest(asked, request.context))
        except (ServiceResponseError, DecodeError, HttpResponseError) as cause:
            # The lost answer is that of acquirePolicyToken: the write itself was refused.
            raise ServiceRequestError(str(cause), error=cause.inner_exception) from cause


def _describe(write: HttpRequest) -> bytes:
    """Return the body of acquirePolicyToken, with the write's own body byte for byte.

    Azure compares a hash of it with that of the write that is sent later.
    """
    head = json.dumps({"uri": write.url, "httpMethod": write.method}).encode()
    content = write.content
    sent = content.encode() if isinstance(content, str) else content
    operation = head[:-1] + b', "content": ' + sent + b"}" if sent else head
    return b'{"operation": ' + operation + b"}"


def _subscription_of(url: str) -> str | None:
    """Return the subscription of a write; None outside of any, for which no token exists."""
    segments = urlsplit(url).path.split("/")
    named = parse_resource_id("/".join(segments[:3]))
    return named.subscription if named is not None else None


def _find_missing(content: bytes) -> _Missing | None:
    """Return the details of a missing token for which a write was denied, or None."""
    try:
        document = read_object(content)
    except AnswerError:
        return None
    error = document.get("error")
    error_object = error if isinstance(error, Mapping) else document
    if str(error_object.get("code")).lower() != DISALLOWED.lower():
        return None
    details = [one for one in _details_in(error_object) if one.get("shouldDeny") is True]
    if not details:
        return None
    return _Missing(any(one.get("isChangeReferenceRequired") is True for one in details))


def _details_in(value: object) -> Iterator[Mapping[str, Any]]:
    """Yield every `missingPolicyTokenDetails`, at any depth.

    It is below `info` in the SDKs' tests, below its `evaluationDetails` in the REST contracts.
    """
    pending = [value]
    while pending:
        one = pending.pop()
        if isinstance(one, Mapping):
            found = one.get("missingPolicyTokenDetails")
            if isinstance(found, Mapping):
                yield found
            pending.extend(one.values())
        elif isinstance(one, list):
            pending.extend(one)


def _token_in(content: bytes, refusal: AzureError) -> str:
    """Return the token in an answer. Raises AzureError where none was issued."""
    try:
        answer = read_object(content)
    except AnswerError as problem:
        raise _refusal_with_reason(
            refusal, f"The answer holds no policy token: {problem}"
        ) from None
    token = answer.get("token")
    if str(answer.get("result")).lower() == _SUCCEEDED and isinstance(token, str) and token:
        return token
    reasons = dict.fromkeys(reason.rstrip(". ") for reason in _reasons_in(answer))
    raise _refusal_with_reason(
        refusal, f"No policy token was issued: {'; '.join(reasons) or 'no reason'}"
    )


def _reasons_in(answer: Mapping[str, Any]) -> Iterator[str]:
    """Yield the reasons in an answer without a token: of the whole, and of each policy."""
    results = answer.get("results")
    for entry in (answer, *(results if isinstance(results, list) else ())):
        reasons = (
            lookup(entry, ("message",)),
            lookup(entry, ("policyEvaluationDetails", "reason")),
        )
        texts = [text for text in reasons if isinstance(text, str) and text]
        action = lookup(entry, ("policyAction",))
        if isinstance(action, str) and action.lower() in _DENYING and not texts:
            texts = [f"{action} by {lookup(entry, ('policyInfo', 'policyAssignmentId'))}"]
        yield from texts


def _refusal_with_reason(refusal: AzureError, reason: str) -> AzureError:
    return AzureError(
        refusal.status,
        refusal.code,
        f"{refusal.message.rstrip()} {reason.rstrip('. ')}.",
        refusal.correlation_id,
        refusal.target,
    )


def _error_of(response: PipelineResponse[Any, Any]) -> AzureError:
    http = response.http_response
    return read_error(http.status_code, http.headers, http.content)
