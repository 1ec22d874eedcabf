"""Renders result documents: terminal text, Markdown, JSON, YAML, SARIF, OSCAL, HTML, progress.

Every renderer takes a document of `provisioner.documents` and returns text or lines; none of them
judges anything or reads Azure. The commands of `cli` choose the renderer.
"""
