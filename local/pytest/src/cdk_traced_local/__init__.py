"""Fixtures for pytest that deploy a CDK app to a local cloud and assert on its traces."""

from .cloud import LocalCloud, LocalCloudError
from .traces import CheckResult, Trace, Traces

__all__ = ["CheckResult", "LocalCloud", "LocalCloudError", "Trace", "Traces"]
