"""Discovery of the authority: OpenID metadata, signing keys, instance discovery.

Source: OpenID Connect Discovery 1.0; the metadata of login.microsoftonline.com; "Instance
discovery" of MSAL. MSAL sends the latter to an address that is built in, so clients of this server
disable it; those that have another address configured find it here.
"""

from provisioner.model.values import Json
from provisioner.simulator.entra.audiences import GRAPH_PATH
from provisioner.simulator.entra.authority import Authority, TenantEndpoint
from provisioner.simulator.entra.grant_errors import GrantError, answer_grant_error
from provisioner.simulator.entra.token_endpoint import find_tenant_endpoint
from provisioner.simulator.protocol.http_messages import Answer, Request


def get_metadata_v1(authority: Authority, request: Request, tenant: str) -> Answer:
    """Answer /TENANT/.well-known/openid-configuration."""
    return _answer_metadata(authority, request, tenant, "")


def get_metadata_v2(authority: Authority, request: Request, tenant: str) -> Answer:
    """Answer /TENANT/v2.0/.well-known/openid-configuration."""
    return _answer_metadata(authority, request, tenant, "/v2.0")


def _answer_metadata(authority: Authority, request: Request, tenant: str, version: str) -> Answer:
    try:
        endpoint = find_tenant_endpoint(authority, request.base, tenant)
    except GrantError as problem:
        return answer_grant_error(authority.cloud, problem)
    methods: list[Json] = ["client_secret_post", "private_key_jwt", "client_secret_basic"]
    oauth = f"{endpoint.url}/oauth2{version}"
    return Answer(
        200,
        {
            "issuer": f"{endpoint.url}{version}" if version else endpoint.issuer,
            "authorization_endpoint": f"{oauth}/authorize",
            "token_endpoint": f"{oauth}/token",
            "device_authorization_endpoint": f"{oauth}/devicecode",
            "end_session_endpoint": f"{oauth}/logout",
            "jwks_uri": f"{endpoint.url}/discovery{version}/keys",
            "token_endpoint_auth_methods_supported": methods,
            "response_types_supported": ["code", "id_token", "code id_token", "token"],
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "tenant_region_scope": None,
            "cloud_instance_name": request.base.partition("://")[2],
            "cloud_graph_host_name": request.base.partition("://")[2],
            "msgraph_host": f"{request.base.partition('://')[2]}{GRAPH_PATH}",
        },
    )


def get_keys(authority: Authority, _request: Request, **_path_parameters: str) -> Answer:
    """Answer the public keys that verify tokens."""
    return Answer(200, {"keys": list(authority.key.public_keys())})


def discover_instance(authority: Authority, request: Request) -> Answer:
    """Answer the tenant's metadata URL for an authorization endpoint."""
    requested = request.query.get("authorization_endpoint", "")
    path = requested.partition("://")[2].partition("/")[2]
    try:
        endpoint = find_tenant_endpoint(authority, request.base, path.partition("/")[0] or "common")
    except GrantError as problem:
        return answer_grant_error(authority.cloud, problem)
    found = (
        f"{TenantEndpoint(request.base, endpoint.tenant).url}/v2.0/.well-known/openid-configuration"
    )
    return Answer(200, {"tenant_discovery_endpoint": found, "api-version": "1.1", "metadata": []})


def discover_user(authority: Authority, request: Request, user: str) -> Answer:
    """Answer the home realm of a user: managed if the directory has the user."""
    domain = user.rpartition("@")[2]
    kind = "Managed" if authority.directory.find_user(user) else "Unknown"
    host = request.base.partition("://")[2]
    return Answer(
        200,
        {
            "ver": "1.0",
            "account_type": kind,
            "domain_name": domain,
            "cloud_instance_name": host,
            "cloud_audience_urn": f"urn:federation:{host}",
        },
    )
