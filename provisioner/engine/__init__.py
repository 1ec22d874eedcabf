"""Runs a plan's steps: a pure schedule, and threads that drive the writer through it."""
