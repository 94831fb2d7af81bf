"""``make bench``: measure training and every chapter on this machine, and write the page *Running times*."""

import argparse
import datetime
import os
import platform
from pathlib import Path

import explorers
import psutil
import training

import chapters

PAGE = Path(__file__).resolve().parents[1] / "chapters" / "running_times.md"
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"


def report(repeats):
    """Everything measured, as Markdown."""
    print("Training", flush=True)
    contest = training.measure(repeats)
    trained = training.table(contest)
    print(trained, "\nChapters", sep="\n", flush=True)
    unit = next(result["seconds"] for result in contest if result["name"] == training.FIT)
    executed = chapters.table(chapters.measure(), unit)
    print(executed, flush=True)
    print("Explorers", flush=True)
    measured = explorers.measure()
    live = f"\n## The live explorers\n\n{explorers.table(measured)}\n" if measured else ""
    print(live, flush=True)
    memory = psutil.virtual_memory().total / 2**30
    machine = (
        f"Measured on {datetime.date.today():%d %B %Y}: {platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GiB "
        f"of memory, {platform.system()}, Python {platform.python_version()}."
    )
    return f"{machine}\n\n## The chapters\n\n{executed}\n\n## The seed model\n\n{trained}\n{live}"


def replace_between_markers(page, text):
    """Put ``text`` between the page's markers; ``ValueError`` if it does not hold both, once each, in order."""
    if page.count(BEGIN) != 1 or page.count(END) != 1 or page.index(BEGIN) > page.index(END):
        raise ValueError(f"{PAGE.name} must hold the lines {BEGIN} and {END} once each, in this order; put them back")
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n{text}{END}{rest.split(END)[1]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=2, help="turns of the training contest; the fastest counts")
    parser.add_argument("--dry-run", action="store_true", help="print only, and leave the page as it is")
    arguments = parser.parse_args()
    replace_between_markers(PAGE.read_text(encoding="utf-8"), "")  # Fails now rather than after the measurements.
    text = report(arguments.repeats)
    if not arguments.dry_run:
        beside = PAGE.with_suffix(".part")
        beside.write_text(replace_between_markers(PAGE.read_text(encoding="utf-8"), text), encoding="utf-8")
        beside.replace(PAGE)
        print(f"written into {PAGE.relative_to(PAGE.parents[1])}")
        chapters.forget()


if __name__ == "__main__":
    main()
