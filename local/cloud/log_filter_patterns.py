"""CloudWatch Logs' filter patterns for unstructured text, of which ministack knows only words that all have to be there.

Source: CloudWatch Logs User Guide, "Filter pattern syntax", sections on unstructured events and regular expressions.
Patterns for JSON (`{ ... }`) and for fields between blanks (`[ ... ]`) stay with ministack.
"""
from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .wrapping import wrap

Matcher = Callable[[str], bool]

# A term, perhaps optional (?) or excluded (-): a phrase in quotation marks, a regular expression between percent signs, or a word.
_TERM = re.compile(r'(?P<sign>[?-]?)(?:"(?P<phrase>(?:[^"\\]|\\.)*)"|%(?P<expression>(?:[^%\\]|\\.)+)%|(?P<word>[^\s"]+))')


def install() -> None:
    from ministack.services import cloudwatch_logs

    @wrap(cloudwatch_logs, "_subscription_pattern_matches", "(pattern, message)")
    def subscription_pattern_matches(original: Any, pattern: str, message: str) -> bool:
        matches = compile_pattern(pattern or "")
        return matches(message or "") if matches else original(pattern, message)

    @wrap(cloudwatch_logs, "_compile_filter_pattern", "(raw)")
    def compile_filter_pattern(original: Any, raw: str) -> Matcher:
        return compile_pattern(raw or "") or original(raw)


def compile_pattern(pattern: str) -> Matcher | None:
    """What tells whether a message matches; None for a pattern that is not for unstructured text."""
    if pattern.strip()[:1] in ("{", "["):
        return None
    required: list[Matcher] = []
    excluded: list[Matcher] = []
    optional: list[Matcher] = []
    for term in _TERM.finditer(pattern):
        {"": required, "-": excluded, "?": optional}[term["sign"]].append(_matcher(term))
    # Optional terms are ignored where others are given.
    any_of = [] if required or excluded else optional

    def matches(message: str) -> bool:
        return (all(found(message) for found in required) and not any(found(message) for found in excluded)
                and (not any_of or any(found(message) for found in any_of)))

    return matches


def _matcher(term: re.Match[str]) -> Matcher:
    if term["expression"] is not None:
        expression = re.compile(term["expression"])
        return lambda message: expression.search(message) is not None
    text = re.sub(r"\\(.)", r"\1", term["phrase"]) if term["phrase"] is not None else term["word"]
    return lambda message: text in message
