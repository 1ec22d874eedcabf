"""The tables of rules, one module per type or family of types.

Each holds its `RULES`, in the order in which they are evaluated. The file being there is enough:
`provisioner.service_rules.registry` finds it.
"""
