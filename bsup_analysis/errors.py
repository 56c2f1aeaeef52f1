"""The one error a reader of the study is meant to see."""


class InputError(Exception):
    """Something the reader supplied is wrong; the message is one sentence that says what to do.

    The command line prints the message and ends with status 1; no traceback is shown.
    """
