"""One guard around every step of recording: whatever goes wrong in it costs the record, and never the request."""

import functools
import os
import sys

_told = set()


def guarded(function):
    """Gives None where the function raises, and says so once."""

    @functools.wraps(function)
    def call(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        except Exception as error:
            not_recorded(error)
            return None

    return call


def not_recorded(error):
    """The text of the error is left out: it may quote what is being recorded."""
    try:
        traceback = error.__traceback__
        while traceback.tb_next is not None:
            traceback = traceback.tb_next
        place = f"{os.path.basename(traceback.tb_frame.f_code.co_filename)}:{traceback.tb_lineno}"
        if place not in _told:
            _told.add(place)
            warn(f"something is not recorded ({type(error).__name__} in {place}); the function runs on")
    except Exception:
        pass


def leave_out_frame(error):
    """
    Of the function that has caught the error, and raises it again with a bare `raise`: whoever catches it then sees the frames that were there
    without the capture. (Python 3.10 and older keep them.)
    """
    try:
        error.__traceback__ = error.__traceback__.tb_next
    except Exception:  # a class of somebody's own making
        pass


def warn(text):
    try:
        print(f"cdk-traced-function: {text}", file=sys.stderr)
    except Exception:  # a function may have closed it
        pass
