"""The routes of Azure Resource Graph."""

from provisioner.catalog.endpoints import RESOURCE_GRAPH
from provisioner.simulator.protocol.routes import Route
from provisioner.simulator.resource_graph import queries

ROUTES = (Route.of(RESOURCE_GRAPH, queries.answer_query),)
