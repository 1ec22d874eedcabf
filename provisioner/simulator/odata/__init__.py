"""`$filter` of Azure's lists: a condition in OData's language, read, checked and evaluated.

Providers know small and different parts of the language, so a list states a `Vocabulary` and
whatever is outside of it is refused: a filter is evaluated as a whole or not at all. Lists of every
provider call it; it knows neither HTTP nor a resource type.
"""
