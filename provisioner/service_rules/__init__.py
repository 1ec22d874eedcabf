"""Checks of Azure's services that no schema states: one table of rules per type or family.

Azure refuses well-formed bodies: two rules of one priority, a range that lies outside of its
network, a pool that is newer than its cluster. Each rule has the status and code of that refusal,
and its source.

`azsec validate` evaluates what a blueprint describes, `azsec plan` what a plan leads to among what
was read, and the built-in Azure each write, whatever its api version: all three by `judge_write`. A
rule is a pure function of a write and its neighbours. It never asks Azure, never decides what to do
about a refusal, and stays silent where a value is not known or a neighbour was not read: an error
about a sound plan would be worse than none.
"""
