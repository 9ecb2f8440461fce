"""What pytest loads: the fixtures `local_cloud` and `traces`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .cloud import LocalCloud, running
from .traces import Traces

COMMAND = "npx --no-install cdk-traced-local"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("cdk_traced_local_app_dir", "folder of the CDK app, relative to pytest's root folder (default: that folder)", default="")
    parser.addini("cdk_traced_local_command", f"what starts the local cloud (default: {COMMAND})", default=COMMAND)
    parser.addini("cdk_traced_local_stacks", "stacks to deploy (default: all)", type="args")
    parser.addini("cdk_traced_local_timeout", "seconds until the app has to be deployed (default: 900)", default="900")


@pytest.fixture(scope="session")
def local_cloud(pytestconfig: pytest.Config) -> Iterator[LocalCloud]:
    """The app, deployed to a cloud on this machine; once for all tests."""
    app_dir = Path(pytestconfig.rootpath, pytestconfig.getini("cdk_traced_local_app_dir"))
    settings = {name: pytestconfig.getini(f"cdk_traced_local_{name}") for name in ("command", "stacks", "timeout")}
    with running(settings["command"], str(app_dir), list(settings["stacks"]), float(settings["timeout"])) as cloud:
        yield cloud


@pytest.fixture
def traces(local_cloud: LocalCloud) -> Traces:
    """The traces that begin during the test."""
    return Traces(local_cloud.xray_url)
