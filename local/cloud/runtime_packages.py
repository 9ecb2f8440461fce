"""The packages that Lambda's runtimes contain, apart from everything else that is installed on this machine.

A function that forgot a dependency must fail here as it does on Lambda, so its processes see these folders of links and
not the environment of the cloud. The clients in local/package.json that nothing here imports are for CDK's own functions.
"""
from __future__ import annotations

import importlib.metadata
import os
import re
from pathlib import Path

_PYTHON_DISTRIBUTION = "boto3"  # with all that it requires
_NODE_SCOPES = ("@aws-sdk", "@smithy")  # packages of the AWS SDK v3, and what its own documentation imports
_REQUIREMENT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def prepare(folder: Path) -> None:
    """Makes the folders below `folder` and names them to the runtimes."""
    python = folder / "python"
    python.mkdir(parents=True)
    for name in sorted(_with_requirements(_PYTHON_DISTRIBUTION)):
        _link_distribution(name, python)
    os.environ["CDK_TRACED_PYTHON_RUNTIME"] = str(python)

    modules = [Path(name) for name in os.environ.get("CDK_TRACED_NODE_MODULES", "").split(os.pathsep) if name]
    if modules:
        node = folder / "node_modules"
        for scope in _NODE_SCOPES:
            _link_packages([found / scope for found in modules], node / scope)
        os.environ["CDK_TRACED_NODE_RUNTIME"] = str(node)


def _link_packages(sources: list[Path], folder: Path) -> None:
    """Links every package of the first source that has it."""
    folder.mkdir(parents=True)
    for source in sources:
        for package in sorted(source.iterdir()) if source.is_dir() else []:
            if not (folder / package.name).exists():
                (folder / package.name).symlink_to(package.resolve(), target_is_directory=True)


def _with_requirements(name: str, found: set[str] | None = None) -> set[str]:
    """The distribution and, recursively, what it requires without extras."""
    found = set() if found is None else found
    if name not in found:
        found.add(name)
        for requirement in importlib.metadata.requires(name) or []:
            if "extra ==" not in requirement:
                match = _REQUIREMENT_NAME.match(requirement)
                if match:
                    _with_requirements(match.group(0), found)
    return found


def _link_distribution(name: str, folder: Path) -> None:
    """Links the top-level packages, modules and metadata of an installed distribution into `folder`."""
    distribution = importlib.metadata.distribution(name)
    tops = {Path(str(file)).parts[0] for file in distribution.files or []}
    for top in tops - {"..", "__pycache__"}:
        target = Path(str(distribution.locate_file(top)))
        if target.exists() and not (folder / top).exists():
            (folder / top).symlink_to(target, target_is_directory=target.is_dir())
