"""OData query options of lists: `$filter`, paging, and the refusal of unsupported options.

Providers support small, different parts of OData, so each list states a `Vocabulary`, and anything
outside of it is refused: a filter is evaluated completely or not at all. This package knows no
resource type and stores nothing.
"""
