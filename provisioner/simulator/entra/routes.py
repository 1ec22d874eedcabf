"""The routes of the token endpoint, of discovery, and of Microsoft Graph."""

from provisioner.simulator.entra import discovery, graph, token_endpoint
from provisioner.simulator.entra.audiences import GRAPH_PATH
from provisioner.simulator.protocol.routes import Route

_WELL_KNOWN = "/.well-known/openid-configuration"

OPEN_ROUTES = (
    Route.at("GET", "/common/discovery/instance", discovery.discover_instance),
    Route.at("GET", "/common/userrealm/{user}", discovery.discover_user),
    Route.at("GET", "/{tenant}/v2.0" + _WELL_KNOWN, discovery.get_metadata_v2),
    Route.at("GET", "/{tenant}" + _WELL_KNOWN, discovery.get_metadata_v1),
    Route.at("GET", "/{tenant}/discovery/v2.0/keys", discovery.get_keys),
    Route.at("GET", "/{tenant}/discovery/keys", discovery.get_keys),
    Route.at("POST", "/{tenant}/oauth2/v2.0/token", token_endpoint.answer_token_v2),
    Route.at("POST", "/{tenant}/oauth2/token", token_endpoint.answer_token_v1),
)
"""Answered without a token and without an api-version; handlers take the authority."""

_G = GRAPH_PATH + "/(v1.0|beta)"
_KIND = "(?P<kind>users|groups|servicePrincipals|applications|directoryObjects)"
GRAPH_ROUTES = (
    Route.at("GET", f"{_G}/me", graph.get_me, reads_options=True),
    Route.at("GET", f"{_G}/organization", graph.list_organizations, reads_options=True),
    Route.at("POST", f"{_G}/directoryObjects/getByIds", graph.list_by_ids),
    Route.at("GET", f"{_G}/{_KIND}", graph.list_objects, reads_options=True),
    Route.at("GET", rf"{_G}/{_KIND}\(appId='(?P<app_id>[^']+)'\)", graph.get_by_app_id,
             reads_options=True),
    Route.at("GET", f"{_G}/{_KIND}/{{name}}", graph.get_object, reads_options=True),
    Route.at("GET", f"{_G}/groups/{{name}}/(?P<which>members|transitiveMembers)",
             graph.list_members, reads_options=True),
    Route.at("GET", f"{_G}/{_KIND}/{{name}}/(?P<which>memberOf|transitiveMemberOf)",
             graph.list_groups_of, reads_options=True),
    Route.at("POST", f"{_G}/{_KIND}/{{name}}/(?P<which>getMemberGroups|getMemberObjects)",
             graph.list_group_ids),
)  # fmt: skip
"""Microsoft Graph, answered at /graph of this server to whoever has a token for it."""
