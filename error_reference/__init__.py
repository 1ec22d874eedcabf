"""The reference of azsec's messages, from its source: docs/errors.md."""
