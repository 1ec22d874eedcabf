"""Microsoft Entra ID: a directory, an authority that issues tokens, and who a token's holder is.

Clients find the authority by OpenID metadata, prove who they are at its token endpoint, and send
the token with each request; `authentication` reads it again. Microsoft Graph answers about the
directory. Nothing here knows what a caller may do: that is `authorization`.
"""
