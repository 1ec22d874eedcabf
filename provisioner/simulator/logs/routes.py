"""The routes of the activity log."""

from provisioner.catalog.endpoints import ACTIVITY_LOG
from provisioner.simulator.logs import event_queries
from provisioner.simulator.protocol.routes import Route

ROUTES = (Route.of(ACTIVITY_LOG, event_queries.list_events, reads_options=True),)
