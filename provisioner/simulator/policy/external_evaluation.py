"""External evaluation: policies that judge by an endpoint's claims, proved by a policy token.

A write to which such a policy applies, whatever its claims, needs a policy token, or is refused
with `missingPolicyTokenDetails`. POST acquirePolicyToken invokes the endpoint of every such policy,
evaluates the claims, and issues a token for exactly this operation: its URI, method and the hash of
its body's bytes. Endpoints: AzureResourceGraph (one row of a query over the operation's
subscription) and CoinFlip (an outcome with `successProbability`).

Source: azure-mgmt-resource-policy (PolicyTokenRequest, PolicyTokenResponse), Azure/azure-policy,
ExternalEvaluationPolicies ("Overview", "Policy artifacts shape", "REST contracts"), and the sample
createOrUpdatePolicyDefinitionExternalEvaluationEnforcementSettings of the REST reference.
"""

import hashlib
import json
import random
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from provisioner.catalog.resource_type import ResourceType
from provisioner.model.durations import parse_iso_duration
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import Json, lookup
from provisioner.simulator.authorization.permissions import check_authorized
from provisioner.simulator.authorization.required_permissions import required_permissions
from provisioner.simulator.bodies.body_paths import merge_patch
from provisioner.simulator.policy.rules import PolicyRule, UnknownWordsError
from provisioner.simulator.policy.scope import enforced_policies
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.resource_graph.queries import query_rows
from provisioner.simulator.state.clock import format_time, parse_time
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import PolicyToken, Record

HEADER = "x-ms-policy-external-evaluations"
_LIFESPAN = "PT1H"
_MOST_TOKENS = 1000
_SETTINGS = ("properties", "externalEvaluationEnforcementSettings")
_GRAPH = "azureresourcegraph"
_COIN = "coinflip"


@dataclass(frozen=True, slots=True)
class Operation:
    """The request that policies evaluate, and the body that it leads to.

    For a DELETE, `content` is the stored body. `is_write` is false if a policy is only queried.
    """

    request: Request
    resource: ResourceId
    resource_type: ResourceType
    content: Mapping[str, Any]
    is_write: bool = True

    def is_denied_by(self, effect: str, definition: Record) -> bool:
        """Return whether an effect denies the operation, if the policy's condition holds."""
        if self.request.method != "DELETE":
            return effect == "deny"
        details = ("properties", "policyRule", "then", "details", "actionNames")
        named = lookup(definition.body, details)
        actions = [str(name).lower() for name in (named if isinstance(named, list) else ())]
        return effect == "denyaction" and "delete" in actions


class _EndpointError(Exception):
    """An endpoint returned no claims; the text is the reason."""


@dataclass(frozen=True, slots=True)
class _Evaluation:
    """The evaluation of one policy: its claims, if its endpoint returned any, and its action."""

    assignment: Record
    definition: Record
    action: str
    message: str
    expires: str
    claims: Mapping[str, Any] | None = None
    query: str | None = None


def operation_of(
    request: Request,
    resource: ResourceId,
    resource_type: ResourceType,
    content: Mapping[str, Any],
) -> Operation:
    """Return the operation of a request on a resource; `content` is its body."""
    named = {"id": resource.text, "name": resource.name, "type": resource_type.name}
    return Operation(request, resource, resource_type, {**content, **named})


def evaluation_settings(definition: Record) -> Mapping[str, Any] | None:
    """Return the settings of a definition with an external evaluation, else None."""
    found = lookup(definition.body, _SETTINGS)
    return found if isinstance(found, Mapping) and found else None


def present_claims(
    cloud: Cloud, operation: Operation, assignment: Record
) -> Mapping[str, Any] | None:
    """Return the claims of a request's token for an assignment.

    None without a token, or with one that is for another operation or has expired.
    """
    issued = cloud.policy_tokens.get(operation.request.headers.get(HEADER, ""))
    if issued is None or issued.operation != _request_fingerprint(operation.request):
        return None
    if parse_time(issued.expires) <= cloud.now():
        return None
    return issued.claims.get(assignment.id.key)


def missing_token(definition: Record, rule: PolicyRule) -> Mapping[str, Json] | None:
    """Return the details of a refusal for lack of a token; None if the policy only audits that.

    An expression that cannot be evaluated is an UnknownWordsError.
    """
    settings = evaluation_settings(definition) or {}
    action = rule.evaluate(lookup(settings, ("missingTokenAction",)))
    if isinstance(action, str) and action.lower() == "audit":
        return None
    return {
        "shouldDeny": True,
        "endpointKind": str(lookup(settings, ("endpointSettings", "kind"))),
        "endpointResultLifespan": _result_lifespan(settings, rule),
        "isChangeReferenceRequired": False,
    }


def acquire_token(cloud: Cloud, request: Request, subscription: str) -> Answer:
    """Answer POST acquirePolicyToken: 200, with a token if no policy denies the operation."""
    document = request.read_object()
    guarded = _guarded_request(request, document, subscription)
    required = required_permissions(cloud, guarded)
    check_authorized(cloud, guarded, required)
    operation = _read_operation(cloud, guarded)
    evaluations = list(_evaluate_policies(cloud, operation)) if operation is not None else []
    failed = [one for one in evaluations if one.claims is None]
    body: dict[str, Json] = {
        "result": "Failed" if failed else "Succeeded",
        "requestDetails": {
            "uri": str(lookup(document, ("operation", "uri"))),
            "resourceId": guarded.path,
            "apiVersion": guarded.query.get("api-version", ""),
            "authorizationAction": required[0].action if required else "",
            "httpMethod": guarded.method,
            "contentHash": hashlib.sha256(guarded.content).hexdigest(),
        },
        "results": [_render_evaluation(one) for one in evaluations],
    }
    if failed:
        body["message"] = "The external evaluation of at least one policy failed."
    if evaluations and all(one.action in ("Allow", "Audit") for one in evaluations):
        body |= _issue_token(cloud, guarded, evaluations)
    return Answer(200, body)


def _guarded_request(request: Request, document: Mapping[str, Any], subscription: str) -> Request:
    """Return the request that a token is requested for.

    Raises:
        RefusalError: it is no write in this subscription.
    """
    uri, method = (lookup(document, ("operation", name)) for name in ("uri", "httpMethod"))
    parts = urlsplit(uri) if isinstance(uri, str) else None
    path = unquote(parts.path) if parts else ""
    resource = parse_resource_id(path)
    in_place = resource is not None and (resource.subscription or "").lower() == (
        subscription.lower()
    )
    if parts is None or not in_place or not isinstance(method, str) or method.upper() == "GET":
        raise RefusalError(
            400,
            "InvalidPolicyTokenRequest",
            "operation.uri and operation.httpMethod have to name a write in this subscription.",
        )
    return replace(
        request,
        method=method.upper(),
        path=path,
        query={name.lower(): value for name, value in parse_qsl(parts.query)},
        content=_raw_json_member(request.content.decode(), ("operation", "content")).encode(),
    )


def _raw_json_member(text: str, path: tuple[str, ...]) -> str:
    """Return a member of a JSON object byte for byte; "" if it is absent.

    The token is bound to the hash of these bytes: parsing and printing again would change them.
    """
    decoder = json.JSONDecoder()
    position = text.index("{") + 1
    while True:
        while text[position] in " \t\r\n,":
            position += 1
        if text[position] == "}":
            return ""
        name, position = decoder.raw_decode(text, position)
        while text[position] in " \t\r\n:":
            position += 1
        _, end = decoder.raw_decode(text, position)
        if name == path[0]:
            found = text[position:end]
            return _raw_json_member(found, path[1:]) if path[1:] else found
        position = end


def _read_operation(cloud: Cloud, guarded: Request) -> Operation | None:
    """Return the operation of a request; None for one that policies do not evaluate.

    These are POST requests, and a DELETE of nothing.
    """
    resource = ResourceId.parse(guarded.path)
    resource_type = cloud.type_of(resource)
    before = cloud.store.resources.get(resource.key)
    current = before.body if before is not None else {}
    if guarded.method == "PUT":
        return operation_of(guarded, resource, resource_type, guarded.read_object())
    if guarded.method == "PATCH":
        merged = merge_patch(current, guarded.read_object())
        return operation_of(guarded, resource, resource_type, merged)
    if guarded.method == "DELETE" and before is not None:
        return operation_of(guarded, resource, resource_type, current)
    return None


def _evaluate_policies(cloud: Cloud, operation: Operation) -> Iterator[_Evaluation]:
    """Yield the evaluation of each policy with an external evaluation that applies."""
    for assignment, definition in enforced_policies(
        cloud, operation.resource, operation.resource_type, operation.content
    ):
        settings = evaluation_settings(definition)
        rule_arguments = (definition, assignment, operation.resource_type, operation.content)
        rule = PolicyRule(*rule_arguments)
        if settings is None:
            continue
        try:
            effect = rule.effect()
            if effect == "disabled" or rule.holds() is False:
                continue
            expires = _expiry_time(cloud, _result_lifespan(settings, rule))
        except UnknownWordsError:
            continue
        found = _Evaluation(assignment, definition, "Error", "", expires)
        try:
            claims, query = _invoke_endpoint(cloud, operation, settings, rule)
        except (_EndpointError, RefusalError) as problem:
            yield replace(found, message=str(problem))
            continue
        found = replace(found, claims=claims, query=query)
        try:
            holds = PolicyRule(*rule_arguments, claims).holds()
        except UnknownWordsError:
            yield replace(found, message="The condition on the claims could not be evaluated.")
            continue
        denies = holds and operation.is_denied_by(effect, definition)
        yield replace(found, action="Deny" if denies else "Audit" if holds else "Allow")


def _invoke_endpoint(
    cloud: Cloud, operation: Operation, settings: Mapping[str, Any], rule: PolicyRule
) -> tuple[Mapping[str, Any], str | None]:
    """Return the claims of an endpoint, and the query that it ran.

    Raises:
        _EndpointError: the kind is unknown, or the query malformed or of several rows.
    """
    kind = str(lookup(settings, ("endpointSettings", "kind")))
    details = lookup(settings, ("endpointSettings", "details"))
    if kind.lower() == _COIN:
        chance = lookup(details, ("successProbability",))
        limit = float(chance) if isinstance(chance, (int, float)) else 0.5
        # The outcome is to be open: no seed.
        outcome = random.SystemRandom().random() < limit
        return {"isValid": outcome, "string": "success" if outcome else ""}, None
    if kind.lower() != _GRAPH:
        raise _EndpointError(f"The built-in Azure does not know endpoints of the kind '{kind}'.")
    query = rule.evaluate(lookup(details, ("query",)))
    names = lookup(details, ("queryProjectedClaims",))
    if not isinstance(query, str) or not isinstance(names, list) or not names:
        raise _EndpointError("The endpoint has no query, or no queryProjectedClaims.")
    rows = query_rows(cloud, query, {(operation.resource.subscription or "").lower()})
    if len(rows) > 1:
        raise _EndpointError(
            f"ExternalEvaluationAzureResourceGraphTooManyRows: the query returned {len(rows)} "
            "rows; expected none or one."
        )
    row = rows[0] if rows else {}
    claims = {str(name): row.get(str(name)) for name in names}
    # Resource Graph gives a truth value as 0 or 1 ("Boolean claims arrive as 0/1 integers").
    return {n: int(v) if isinstance(v, bool) else v for n, v in claims.items()}, query


def _result_lifespan(settings: Mapping[str, Any], rule: PolicyRule) -> str:
    stated = rule.evaluate(lookup(settings, ("resultLifespan",)))
    return stated if parse_iso_duration(stated) is not None else _LIFESPAN


def _expiry_time(cloud: Cloud, lifespan: str) -> str:
    return format_time(cloud.now() + timedelta(seconds=parse_iso_duration(lifespan) or 0))


def _issue_token(cloud: Cloud, guarded: Request, evaluations: list[_Evaluation]) -> dict[str, Json]:
    """Store a token for a request, and return its members of the answer."""
    token = f"PoP {secrets.token_urlsafe(48)}"
    expires = min(one.expires for one in evaluations)
    while len(cloud.policy_tokens) >= _MOST_TOKENS:
        del cloud.policy_tokens[next(iter(cloud.policy_tokens))]
    cloud.policy_tokens[token] = PolicyToken(
        _request_fingerprint(guarded),
        expires,
        {one.assignment.id.key: one.claims or {} for one in evaluations},
    )
    return {
        "token": token,
        "tokenId": hashlib.sha256(token.encode()).hexdigest()[:32],
        "expiration": expires,
    }


def _request_fingerprint(request: Request) -> tuple[str, ...]:
    """Return what binds a token to a request: method, path, API version, hash of the body."""
    version = request.query.get("api-version", "").lower()
    digest = hashlib.sha256(request.content).hexdigest()
    return (request.method, request.path.rstrip("/").lower(), version, digest)


def _render_evaluation(one: _Evaluation) -> Json:
    settings = evaluation_settings(one.definition) or {}
    shown: dict[str, Json] = {
        "policyInfo": {
            "policyDefinitionId": one.definition.id.text,
            "policyAssignmentId": one.assignment.id.text,
        },
        "result": "Failed" if one.claims is None else "Succeeded",
        "endpointKind": str(lookup(settings, ("endpointSettings", "kind"))),
        "policyAction": one.action,
        "expiration": one.expires,
    }
    if one.claims is not None:
        shown["claims"] = dict(one.claims)
    if one.message:
        shown["message"] = one.message
    if one.query is not None:
        shown["additionalInfo"] = {"requestBody": {"query": one.query}}
    return shown
