"""Replaces functions of ministack at run time, and says so when ministack is not the one these replacements were made for.

Nothing of ministack is edited or copied. Every replacement states the parameters it was written against; a version in
which they differ fails at start (and in the tests) with the function's name, instead of misbehaving later.
"""
from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

MINISTACK_VERSION = "1.5.33"


class MinistackChanged(RuntimeError):
    """A function of ministack is not as this code expects it."""


def parameters_of(function: Callable[..., Any]) -> str:
    """The parameters without annotations: `(func, event)`."""
    signature = inspect.signature(function)
    bare = [p.replace(annotation=inspect.Parameter.empty) for p in signature.parameters.values()]
    return str(signature.replace(parameters=bare, return_annotation=inspect.Signature.empty))


def wrap(owner: Any, name: str, expected: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: the function takes the place of `owner.name` and gets the original as its first argument.

    `expected` are the original's parameters as `parameters_of` gives them.
    """
    where = f"{getattr(owner, '__name__', owner)}.{name}"
    original = getattr(owner, name, None)
    if original is None:
        raise MinistackChanged(f"ministack has no {where}; this code is made for ministack {MINISTACK_VERSION}")
    found = parameters_of(original)
    if found != expected:
        raise MinistackChanged(f"ministack's {where} takes {found}, this code expects {expected} "
                               f"(made for ministack {MINISTACK_VERSION})")

    def decorate(replacement: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            return replacement(original, *args, **kwargs)

        setattr(owner, name, wrapped)
        return wrapped

    return decorate
