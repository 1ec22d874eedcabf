"""Controls of each chapter of the guidelines.

Each module states its own as `CONTROLS`, which `registry` finds by the module's file.
"""
