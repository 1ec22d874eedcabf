"""The built-in Azure: Azure Resource Manager and Entra ID on loopback, driven by the catalog.

It shares no code with the planner, which it tests: it imports only the catalog, the service rules
and the model. Recorded traffic of the real Azure keeps it honest (`tests/corpus`). `server` starts
it; `application` answers a request, through `protocol` (admission), `entra` (authentication),
`authorization`, `routing` and the package of each service. `docs/simulator.md` lists what it
simulates and what not.
"""
