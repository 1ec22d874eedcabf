"""Deployments: templates evaluated and written, resource by resource."""
