"""
Does something to a module once it has been imported: importing a library to capture it would cost time at every cold start.
https://docs.python.org/3/library/importlib.html#importlib.abc.MetaPathFinder
"""

import sys
from importlib.util import find_spec

from .guard import warn

_hooks = {}
_looking_for = set()


def after_import(name, hook):
    """Calls `hook` with the module, at once if it has been imported already."""
    if name in sys.modules:
        _call(hook, sys.modules[name])
    else:
        _hooks.setdefault(name, []).append(hook)


class _Finder:
    """Finds nothing itself: it asks the other finders, and has their loader followed by the hooks."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name not in _hooks or name in _looking_for:
            return None
        _looking_for.add(name)
        try:
            spec = find_spec(name)
        finally:
            _looking_for.discard(name)
        if spec is None or not hasattr(spec.loader, "exec_module"):
            return spec
        spec.loader = _Loader(spec.loader, name)
        return spec


class _Loader:
    """The loader that was found, down to what it can do beyond loading, such as reading a package's data files."""

    def __init__(self, loader, name):
        self._loader = loader
        self._name = name

    def __getattr__(self, attribute):
        return getattr(self._loader, attribute)

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        # As if nobody had been here.
        module.__spec__.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        for hook in _hooks.pop(self._name, ()):
            _call(hook, sys.modules.get(self._name, module))


def _call(hook, module):
    try:
        hook(module)
    except Exception as error:  # a version of the library that is made differently
        warn(f"calls with {module.__name__} are not traced ({type(error).__name__}: {error})")


sys.meta_path.insert(0, _Finder)
