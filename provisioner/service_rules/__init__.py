"""What Azure refuses although a body is well-formed: one table of rules for each type or family.

Azure's services check a write against rules that no schema states: two rules of one priority, a
range that lies outside of its network, a pool that is newer than its cluster. Which rules there
are, with the status and code of each and where that is known from, is said here once.

`azsec validate` judges what a blueprint describes, `azsec plan` what a plan leads to among what was
read, and the built-in Azure each write, whatever its api version: all three by `judge_write`. A
rule is a pure function of a write and its neighbours. It never asks Azure, never decides what to
do about a refusal, and says nothing where a value is not known or a neighbour was not read.
"""
