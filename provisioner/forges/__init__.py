"""Clients of GitHub and Azure DevOps: pull requests, approvals, statuses, comments and issues.

`RestClient` sends requests with the job's token, within bounds; an adapter of each service maps its
JSON to the types of `provisioner.engine.forge_port` and back. Policy is elsewhere: which comment is
azsec's, which approval counts and what is applied is decided in `provisioner.workflow`. A token is
sent to the service's own origin alone, and no redirect is followed. Titles, bodies and comments are
untrusted input: they are never executed, and only what the service attests (author and time) is
relied on.
"""
