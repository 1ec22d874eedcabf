"""Builds actionlint, which tests/ci checks the written workflows with."""
