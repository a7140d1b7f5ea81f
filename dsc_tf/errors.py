"""The one error that the command line turns into one line and exit status 2."""


class DscTfError(ValueError):
    """A fault in the input that the user can mend.

    The message is one line: what is wrong, the value that came, and what to do.
    """
