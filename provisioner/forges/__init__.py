"""The only code that talks to GitHub and Azure DevOps.

`RestClient` sends requests with the job's token, within bounds; an adapter of each service turns
its JSON into the terms of `provisioner.engine.forge_port` and back. Nothing here decides: which
comment is azsec's, which approval counts and what is applied is `provisioner.workflow`'s. A token
is sent to the service's own origin alone, no redirect is followed, and what the service answers is
text of others: it is never run, and never trusted beyond what the service itself vouches for (who
wrote it, and when).
"""
