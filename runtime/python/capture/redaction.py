"""What is taken out of what is recorded, whatever it is. What is about errors is in `messages`, which is imported with the first of them."""

import re

from .settings import REDACT, URL_PATHS

MASK = "***"

_patterns = [re.compile(pattern) for pattern in REDACT]


def redacted(text):
    """Without what the patterns that were chosen match."""
    for pattern in _patterns:
        text = pattern.sub(MASK, text)
    return text


def has_patterns():
    return bool(_patterns)


def url_path(path):
    """Of a request, without its query."""
    if not URL_PATHS:
        return "/"
    path = path.partition("?")[0].partition("#")[0]
    if "://" in path[:8]:  # to a proxy
        from .messages import address

        return address(path)
    return path
