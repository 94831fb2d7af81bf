"""What the exercise sheets share: a word to a student who has not begun a task yet."""


def started(value, task):
    """Tell whether a task was begun; if not, say what to do.

    Parameters
    ----------
    value : object
        What the student's code gave: None as long as the stub is untouched.
    task : str
        The task's name, for the message.

    Returns
    -------
    bool
        False if ``value`` is None. The checks of the task are then left out, and the notebook runs on to its end.
    """
    if value is None:
        print(f"{task} is not done yet: write your code in the cell above, run it, then run this cell again.")
        return False
    return True
