"""The guidelines as controls: what a secure environment is, checked on any state of it."""
