"""Requests and answers, independent of the web framework: admission, routes, errors, faults.

This is the lowest layer of the simulator.
"""
