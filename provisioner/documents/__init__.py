"""The public contract: versioned, JSON-able shapes of everything azsec prints.

Every output, human or machine, renders one of these; docs/outputs.md describes the JSON.
"""
