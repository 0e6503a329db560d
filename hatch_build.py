"""Puts the built viewer and our orthanc.json into the wheel; editable installs need neither."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface):
    """Runs npm only where the viewer is not built yet, so an sdist needs no Node.js."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the viewer as pacs_proxy/viewer and the configuration beside the demo."""
        if version == "editable":
            return
        viewer = Path(self.root) / "viewer_static"
        if not (viewer / "dist" / "index.html").exists():
            self._build(viewer)
        build_data["force_include"][str(viewer / "dist")] = "pacs_proxy/viewer"
        configuration = str(Path(self.root) / "orthanc" / "orthanc.json")
        build_data["force_include"][configuration] = "pacs_proxy/demo/orthanc.json"

    @staticmethod
    def _build(viewer: Path) -> None:
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError("The viewer is not built and npm is not installed.")
        for command in (["ci", "--ignore-scripts"], ["run", "build"]):
            subprocess.run([npm, *command], cwd=viewer, check=True)
