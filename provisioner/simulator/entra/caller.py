"""Who calls: the holder of the token of a request, or the local operator where it names nobody."""

from provisioner.simulator.protocol.caller import Caller
from provisioner.simulator.protocol.http_messages import Request
from provisioner.simulator.state.cloud import CALLER

LOCAL_OPERATOR = Caller(CALLER, "local")
"""Whoever calls with a token that is no JSON Web Token: an owner of every subscription."""


def read_caller(request: Request) -> Caller:
    """Return who sends a request; the local operator where its token names nobody."""
    return request.caller or LOCAL_OPERATOR
