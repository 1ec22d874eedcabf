"""Apply engine: schedule and execution of a plan's steps, leases, and the ports of the adapters.

`schedule` is pure and decides which step may start; `executor` runs the steps on threads through a
`Writer`; `lease` and `cluster_lease` keep two applies of one environment apart. The `*_port`
modules are the protocols that `provisioner.azure`, `kube`, `forges`, `ledgers` and `schedulers`
implement: nothing here sends a request by itself.
"""
