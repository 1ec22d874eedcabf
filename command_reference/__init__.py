"""Writes docs/commands.md: every command of azsec with its arguments, options and examples."""
