"""
Sends what has ended of a request that is about to run out of time: Lambda then kills the process without a word.

One thread sleeps through the life of the environment, and wakes at most once for the time that a request may take. It is none of `threading`'s,
where the handler's own code would see it and the interpreter's end would wait for it.
"""

import _thread
import time

# Before the end. Sending takes a millisecond; a process may have to wait for the processor.
_EARLY_SECONDS = 0.15

# Of requests that may take less than that.
_EARLY_SHARE = 0.2

_watched = None
_is_watching = False


def watch(invocation):
    """:param invocation: with the context that Lambda gives to the handler"""
    global _watched, _is_watching
    if _watched is invocation:
        return
    _watched = invocation
    if not _is_watching and hasattr(invocation.context, "get_remaining_time_in_millis"):
        _is_watching = True
        try:
            _thread.start_new_thread(_run, ())
        except RuntimeError:  # no more threads
            _is_watching = False


def _run():
    global _is_watching
    try:
        while True:
            invocation = _watched
            context = invocation.context
            if context is None:  # it has ended; the thread is started again for a request with something to send
                return
            left = context.get_remaining_time_in_millis() / 1000
            early = min(_EARLY_SECONDS, left * _EARLY_SHARE)
            time.sleep(max(left - early, 0))
            if _watched is invocation and invocation.context is not None:
                invocation.send_from_now_on()
                return
    except Exception:  # a context of somebody's own making
        return
    finally:
        _is_watching = False
