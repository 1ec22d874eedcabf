"""Workflows of azsec's commands: one module per command, with the ports to Azure as arguments.

The modules join the pure packages (blueprint, graph, controls, network, plan) with what is read
through ports. They print nothing and know no option of the command line: `cli` calls them.
"""
