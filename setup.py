"""Puts the library, the folder `blueprints`, into the wheel as `provisioner/library`.

Everything else stands in pyproject.toml, which has no words for a folder outside of the package.
"""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

LIBRARY = Path("blueprints")


class BuildWithLibrary(build_py):
    """Copies the modules of Python, and then the library. An editable install needs no copy."""

    def run(self) -> None:
        """Build the package into `build_lib`."""
        super().run()
        if self.editable_mode:
            return
        for file in sorted(LIBRARY.rglob("*.yaml")):
            target = Path(self.build_lib, "provisioner", "library", file.relative_to(LIBRARY))
            self.mkpath(str(target.parent))
            self.copy_file(str(file), str(target))


setup(cmdclass={"build_py": BuildWithLibrary})
