"""The public contract: versioned, JSON-able documents of everything that azsec prints.

Every output, human or machine, renders one of these: text, JSON, Markdown, and the formats of other
tools. Each printed document has a `kind` and a `formatVersion`; docs/outputs.md describes the JSON.
"""
