"""Kills `azsec` at its writes, and counts the tests of every other fault: `make faults`."""
