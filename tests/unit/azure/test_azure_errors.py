"""Every shape in which a refusal arrives, and what a person reads."""

import json
from contextlib import contextmanager

import pytest

from provisioner.azure.errors import connection_error, is_absent, read_error
from provisioner.model.azure_error import AzureError

SCOPE = "/subscriptions/1/resourceGroups/rg"
DENIED = (
    "The client 'x' does not have authorization to perform action "
    f"'Microsoft.Network/virtualNetworks/write' over scope '{SCOPE}'."
)


@pytest.mark.parametrize(
    ("status", "body", "code", "message"),
    [
        pytest.param(
            400,
            {"error": {"code": "InvalidParameter", "message": "the priority is taken"}},
            "InvalidParameter",
            "the priority is taken",
            id="nested, as most providers answer",
        ),
        pytest.param(
            400,
            {"code": "PodCidrOverlapServiceCidr", "message": "they overlap", "subcode": ""},
            "PodCidrOverlapServiceCidr",
            "they overlap",
            id="flat, as AKS answers",
        ),
        pytest.param(
            400,
            {"Code": "BadRequest", "Message": "old\r\n  service"},
            "BadRequest",
            "old service",
            id="capitals and line breaks of older services",
        ),
        pytest.param(
            400,
            {
                "error": {
                    "code": "Outer",
                    "message": "it failed.",
                    "details": [
                        {"code": "Inner", "message": "the subnet is full"},
                        {"code": "Again", "message": "it failed."},
                        {"code": "Deep", "details": [{"message": "10 addresses left"}]},
                    ],
                }
            },
            "Outer",
            "it failed. Inner: the subnet is full 10 addresses left",
            id="details that say more are added, repetitions are not",
        ),
        pytest.param(
            403,
            {"error": {"code": "AuthorizationFailed", "message": DENIED}},
            "AuthorizationFailed",
            DENIED,
            id="a missing permission names action and scope",
        ),
        pytest.param(
            401, {"error": "invalid_token"}, "Unauthorized", "HTTP 401, no reason.", id="a word"
        ),
        pytest.param(409, {}, "Conflict", "HTTP 409, no reason.", id="an empty object"),
        pytest.param(503, None, "ServiceUnavailable", "HTTP 503, no reason.", id="no body"),
        pytest.param(599, None, "Http599", "HTTP 599, no reason.", id="a status nobody knows"),
        pytest.param(
            200,
            {"status": "Failed", "error": {"code": "SubnetIsFull", "message": "no room"}},
            "SubnetIsFull",
            "no room",
            id="a failed operation",
        ),
        pytest.param(
            200,
            {"properties": {"provisioningState": "Failed"}},
            "OperationFailed",
            "the operation ended as Failed; Azure gives no reason.",
            id="a resource that ended as failed",
        ),
    ],
)
def test_refusals(status, body, code, message):
    error = read_error(status, {}, json.dumps(body).encode() if body is not None else b"")

    assert (error.status, error.code, error.message) == (status, code, message)


def test_a_byte_order_mark_does_not_hide_the_error():
    assert read_error(400, {}, b'\xef\xbb\xbf{"code": "X", "message": "y"}').code == "X"


def test_what_is_not_json_was_not_said_by_azure():
    error = read_error(
        502, {"Content-Type": "text/html; charset=utf-8"}, "<html>Bad gateway</html>"
    )

    assert error.code == "UnexpectedAnswer"
    assert "HTTP 502 with text/html" in error.message
    assert "<html>" not in str(error)


@pytest.mark.parametrize(
    ("headers", "correlation"),
    [
        pytest.param({"X-Ms-Correlation-Request-Id": "c", "x-ms-request-id": "r"}, "c", id="both"),
        pytest.param({"x-ms-request-id": "r"}, "r", id="the provider's own only"),
        pytest.param({}, None, id="none"),
    ],
)
def test_the_correlation_id_is_what_support_asks_for(headers, correlation):
    body = {"error": {"code": "X", "message": "y", "target": "properties.sku"}}

    error = read_error(400, headers, json.dumps(body))

    assert error.correlation_id == correlation
    assert error.target == "properties.sku"


@pytest.mark.parametrize(
    ("error", "absent"),
    [
        pytest.param(AzureError(404, "ResourceNotFound", ""), True, id="the resource"),
        pytest.param(AzureError(404, "ResourceGroupNotFound", ""), True, id="its group"),
        pytest.param(AzureError(404, "NotFound", ""), True, id="an agent pool"),
        pytest.param(AzureError(404, "InvalidResourceType", ""), False, id="a wrong api version"),
        pytest.param(AzureError(403, "ResourceNotFound", ""), False, id="not a 404"),
    ],
)
def test_absent_is_not_unreadable(error, absent):
    assert is_absent(error) is absent


def test_an_unreachable_host_is_named_with_what_to_check():
    error = connection_error("management.azure.com", OSError(-2, "Name or service not known"))

    assert error.status == 0
    assert error.message.startswith(
        "no answer from management.azure.com: name or service not known. Check"
    )


def test_an_error_passes_through_a_context_manager():
    @contextmanager
    def held():
        yield

    with pytest.raises(AzureError, match="busy"), held():
        raise AzureError(409, "Conflict", "busy")
