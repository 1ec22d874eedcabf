"""The routes of the Activity Log."""

from provisioner.catalog.endpoints import ACTIVITY_LOG
from provisioner.simulator.logs import activity_log
from provisioner.simulator.protocol.routes import Route

ROUTES = (Route.of(ACTIVITY_LOG, activity_log.list_events),)
