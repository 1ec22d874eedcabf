"""Requests and answers, free of the web framework: admitted, routed, refused, or made to fail.

The lowest layer of the simulator. Azure answers errors in two shapes, by provider, and `errors`
has both.
"""
