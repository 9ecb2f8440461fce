"""`span`, `annotate`, `each_record` and `with_record` where nothing is traced: for tests, and functions without instrumentation."""

from .records import record_handling


class span:
    def __init__(self, name):
        pass

    def __enter__(self):
        return None

    def __exit__(self, _type, _error, _traceback):
        return False

    async def __aenter__(self):
        return None

    async def __aexit__(self, _type, _error, _traceback):
        return False

    def __call__(self, function):
        return function


def annotate(key, value=None):
    pass


def with_record(record, function):
    return function()


each_record = record_handling(with_record)
