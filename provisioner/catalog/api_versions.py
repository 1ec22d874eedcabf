"""The api version of every type, pinned here and nowhere else.

Each is the one that the pinned SDK package speaks by default (a test compares them with the
installed packages), so that the schema index and the wire agree. `DIAGNOSTIC_SETTINGS`,
`DEPLOYMENT_SAFEGUARDS` and `SECURITY_PRICINGS` are in no pinned package (guidelines.md §0.1), and
what is only asked (`COMPUTE`, `FEATURES`, `POLICY_INSIGHTS`, `QUOTA`) needs none; their versions
are those that Azure documents.
"""

ACTION_GROUPS = "2023-01-01"
ACTIVITY_LOG_ALERTS = "2020-10-01"
AUTHORIZATION = "2022-04-01"
AZURE_MONITOR_WORKSPACES = "2023-04-03"
COMPUTE = "2024-07-01"
COMPUTE_SKUS = "2021-07-01"
CONTAINER_REGISTRY = "2025-11-01"
CONTAINER_SERVICE = "2026-08-01"
DATA_COLLECTION = "2023-03-11"
DEPLOYMENT_SAFEGUARDS = "2025-07-01"
DIAGNOSTIC_SETTINGS = "2021-05-01-preview"
FEATURES = "2021-07-01"
KEY_VAULT = "2026-05-15"
LOCKS = "2020-05-01"
MANAGED_IDENTITY = "2024-11-30"
NETWORK = "2026-03-01"
OPERATIONAL_INSIGHTS = "2025-07-01"
POLICY = "2026-06-01"
POLICY_INSIGHTS = "2023-03-01"
PRIVATE_DNS = "2024-06-01"
QUOTA = "2023-02-01"
RESOURCES = "2025-04-01"
SCHEDULED_QUERY_RULES = "2023-12-01"
SECURITY_PRICINGS = "2024-01-01"
