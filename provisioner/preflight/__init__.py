"""Preflight: what Azure would refuse at apply, found by read-only requests while planning.

Azure validates a request when it is sent, so that an apply can fail in its middle for a quota, a
registration, a policy or a name that was known to be wrong before its first write. Each check
states the requests it needs (`Inquiry`) for a plan (`Intent`) and judges the replies; the workflow
sends them all at once, each once. Checks do no I/O. A request that is refused is a warning
`not-checked`, and never a pass.
"""
