"""The nbgrader course: read by tools/sheets.py, by tools/grade.py, and by nbgrader itself when it runs in this folder."""

import os
from pathlib import Path

c = get_config()  # noqa: F821 (traitlets puts it here)

c.CourseDirectory.course_id = "autoencoders"
# `make formgrader` names the folder with the gradebook.
c.CourseDirectory.root = os.environ.get("AELIB_GRADING") or str(Path(__file__).resolve().parent)
# Without `*.py`, nbgrader would hand out the other half of each sheet, solutions and hidden tests included.
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "*.py"]

# What a student finds in place of a solution. A function with nothing but this in it returns None.
c.ClearSolutions.code_stub = {"python": "# Your code here, in place of the three dots.\n..."}
c.ClearSolutions.text_stub = "Your answer here."
