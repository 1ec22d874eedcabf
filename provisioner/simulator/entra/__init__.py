"""Microsoft Entra ID: directory, token endpoint, authentication of requests, Microsoft Graph.

Clients discover the authority by OpenID metadata, authenticate at its token endpoint, and send the
token with each request, where `authentication` verifies it. What a caller may do is not decided
here, but in `authorization`.
"""
