"""Blueprints, modules and environments: YAML with positions, composed into the desired graph."""
