"""Renders documents: text for a terminal, Markdown for a pull request, JSON, live progress."""
