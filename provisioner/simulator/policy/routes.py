"""The routes of Azure Policy beside those of its resources."""

from provisioner.catalog.endpoints import POLICY_RESTRICTIONS, POLICY_TOKEN
from provisioner.catalog.resource_manager import (
    POLICY_EVALUATION,
    POLICY_STATES,
    POLICY_SUMMARY,
)
from provisioner.simulator.policy import external_evaluation, restrictions, states
from provisioner.simulator.protocol.routes import Route

ROUTES = (
    Route.of(POLICY_RESTRICTIONS, restrictions.check_restrictions),
    Route.of(POLICY_TOKEN, external_evaluation.acquire_token),
    *(Route.of(each, states.query_states, reads_options=True) for each in POLICY_STATES),
    *(Route.of(each, states.summarize_states, reads_options=True) for each in POLICY_SUMMARY),
    *(Route.of(each, states.evaluate_states) for each in POLICY_EVALUATION),
)
