"""Handler of a traced function."""

from .bootstrap import handler  # noqa: F401
