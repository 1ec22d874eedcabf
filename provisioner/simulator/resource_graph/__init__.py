"""Azure Resource Graph: queries in KQL over the state of the built-in Azure.

`query_parser` (over `operator_parser`, `expression_parser`, `tokens`) reads a query into the tree
of `syntax`; `operators` runs it, with `evaluation` and `functions` for expressions; `tables` makes
the rows from the state; `paging` shapes the answer. Policies' queries go the same way
(`query_rows`).
"""
