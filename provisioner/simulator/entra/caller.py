"""The caller of a request: the identity of its token, or the local operator."""

from provisioner.simulator.protocol.caller import Caller
from provisioner.simulator.protocol.http_messages import Request
from provisioner.simulator.state.cloud import CALLER

LOCAL_OPERATOR = Caller(CALLER, "local")
"""Whoever calls with a token that is no JSON Web Token: an owner of every subscription."""


def read_caller(request: Request) -> Caller:
    """Return the caller of a request; the local operator if its token identifies nobody."""
    return request.caller or LOCAL_OPERATOR
