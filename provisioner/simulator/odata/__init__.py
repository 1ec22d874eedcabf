"""The query options of Azure's lists: `$filter`, pages, and what a list does not know.

Providers know small and different parts of OData's language, so a list states a `Vocabulary` and
whatever is outside of it is refused: a filter is evaluated as a whole or not at all. Lists of every
provider call it; it knows no resource type, and stores nothing.
"""
