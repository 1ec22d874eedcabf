"""Desired against actual: the reads, the changes, the ordered steps and the plan file."""
