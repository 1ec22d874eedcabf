"""An environment as a template of another tool: one direction, out."""
