"""Find the submissions in whatever folder a teacher has: whose each is, of which sheet, and which one counts.

Taken as they come: the downloads of Moodle, Canvas, Blackboard and Brightspace, packed or unpacked; a folder for each
student; a folder for each sheet; one notebook or zip for each student, named after them. Nothing is unpacked: members
of a zip are read where they are, and a zip that would harm whoever unpacks it is refused as a whole.
"""

from __future__ import annotations

import contextlib
import datetime
import functools
import io
import os
import re
import stat
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import handed_in
import pairs
from marking import Sheet

LARGEST_ZIP = 200 << 20  # bytes, packed
LARGEST_CONTENTS = 1 << 30  # bytes, unpacked, as the zip says of itself
MOST_MEMBERS = 20_000
MOST_EXPANSION = 200  # times: text rarely shrinks to less than a twentieth
DEPTH = 3  # a platform's zip, a student's in it, and one more
JUNK = re.compile(r"^(\.|~\$|__MACOSX$|Thumbs\.db$|desktop\.ini$)", re.IGNORECASE)
NOTEBOOK = re.compile(r"\.ipynb(\.(txt|json))?$", re.IGNORECASE)  # browsers add the second ending

# What platforms make of a student's file name, or of the folder around it.
MOODLE = re.compile(r"(?P<name>.+?)_(?P<number>\d+)_assignsubmission_[a-z]+_?(?P<rest>.*)")
BLACKBOARD = re.compile(r".*?_(?P<name>[^_]+)_attempt_(?P<when>\d{4}(-\d\d){5})_?(?P<rest>.*)")
BRIGHTSPACE = re.compile(
    r"\d+-\d+ - (?P<name>.+?) - (?P<when>\w{3,9}\.? \d{1,2}, \d{4} \d{3,4} [AP]M)( - (?P<rest>.+))?"
)
CANVAS = re.compile(r"(?P<name>[^\W_]+)_(?P<late>LATE_)?(?P<number>\d+)_(?P<attempt>\d+)_(?P<rest>.+)")
# Words that say which version a file is, not whose.
VERSION = re.compile(r"(?:[-_ ]*\((\d{1,3})\)|[-_ ]v(?:ersion)?[-_ ]?(\d{1,3}))$", re.IGNORECASE)
SHEET_WORDS = re.compile(
    r"(?<![^\W_])(exercise|sheet|homework|assignment|hw)[\W_]*(sheet)?[\W_]*\d*(?![^\W_])", re.IGNORECASE
)
WORDS = {"copy", "copy1", "copy2", "copy3", "final", "new", "late", "corrected", "fixed"}
WORDS |= {"resubmission", "resubmitted", "solution", "solutions"}


class SubmissionsError(Exception):
    """The folder cannot be graded as it is; the message says why and what to do."""


class Refused(Exception):
    """A file that is not opened; the message says why."""


@dataclass(frozen=True)
class Entry:
    """One file, on disk or in a zip.

    Parameters
    ----------
    parts : tuple of str
        Its path below the folder; a zip counts as a folder.
    time : float
        When it was last changed, in seconds.
    read : callable
        Gives its bytes, or raises :class:`Refused`.
    refused : str
        Why it cannot be read at all, empty if it can.
    """

    parts: tuple[str, ...]
    time: float
    read: Callable[[], bytes]
    refused: str = ""

    def __str__(self) -> str:
        return "/".join(self.parts)


@dataclass
class Submission:
    """What counts as one student's submission of one sheet.

    Parameters
    ----------
    student : str
        The student's id: what the platform calls them, as far as it can be a folder's name.
    name : str
        The student's name alone.
    sheet : str
        Name of the sheet.
    data : bytes or None
        The notebook; None if nothing that was handed in can be read as one.
    problem : str
        Why not, in words.
    notes : list of str
        What else was unusual about it, in words.
    """

    student: str
    name: str
    sheet: str
    data: bytes | None
    problem: str = ""
    notes: list[str] = field(default_factory=list)


# --- all files -----------------------------------------------------------------------------------------------------


def walk(folder: Path) -> Iterator[Entry]:
    """Give every file below a folder, or in a zip, in a fixed order; links are not followed."""
    if folder.is_file():
        whole = functools.cache(lambda: _file(folder, LARGEST_ZIP * 10))  # every member asks for it
        yield from _members((), folder.stat().st_mtime, whole, 0)
        return
    unreadable: list[OSError] = []
    for place, folders, files in os.walk(folder, onerror=unreadable.append):
        folders[:] = sorted(name for name in folders if not JUNK.match(name))
        for name in sorted(files):
            path = Path(place) / name
            parts = path.relative_to(folder).parts
            try:
                status = path.lstat()
            except OSError as error:
                yield Entry(parts, 0.0, bytes, f"{name} cannot be read ({error.strerror})")
                continue
            if JUNK.match(name):
                continue
            if not stat.S_ISREG(status.st_mode):
                # It might lead to another student's work, or to the solutions.
                yield Entry(parts, status.st_mtime, bytes, f"{name} is a link or no ordinary file and is not followed")
            elif name.lower().endswith(".zip"):
                yield from _members(parts, status.st_mtime, lambda path=path: _file(path, LARGEST_ZIP), 1)
            else:
                yield Entry(parts, status.st_mtime, lambda path=path: _file(path, handed_in.LARGEST + 1))
    for error in unreadable:
        parts = Path(error.filename).relative_to(folder).parts or (folder.name,)
        yield Entry(parts, 0.0, bytes, f"the folder {parts[-1]} cannot be read ({error.strerror})")


def _file(path: Path, limit: int) -> bytes:
    try:
        with open(path, "rb") as file:
            if os.fstat(file.fileno()).st_size > limit:
                raise Refused(f"{path.name} is larger than {limit >> 20} MB")
            return file.read()
    except OSError as error:
        raise Refused(f"{path.name} cannot be read ({error.strerror})") from None


def _members(parts: tuple[str, ...], time: float, read: Callable[[], bytes], depth: int) -> Iterator[Entry]:
    """Give the files in a zip; if it is refused, one entry that says why."""
    name = parts[-1] if parts else "the zip"
    try:
        if depth > DEPTH:
            raise Refused(f"{name} is a zip in a zip in a zip")
        archive = _opened(read(), name)
        members = [member for member in archive.infolist() if not member.filename.endswith(("/", "\\"))]
        _check(members, name, whole_class=depth == 0)
    except Refused as error:
        yield Entry(parts or (name,), time, bytes, str(error))
        return
    inside = {member: PurePosixPath(member.filename.replace("\\", "/")).parts for member in members}
    inside = {member: inner for member, inner in inside.items() if inner and not any(map(JUNK.match, inner))}
    if not inside:
        yield Entry(parts or (name,), time, bytes, f"{name} is empty")
    for member, inner in sorted(inside.items(), key=lambda item: item[0].filename):
        changed = time
        with contextlib.suppress(ValueError):
            changed = datetime.datetime(*member.date_time).timestamp()
        if inner[-1].lower().endswith(".zip"):
            read_inner = _reader(read, name, member, LARGEST_ZIP)
            yield from _members((*parts, *inner), changed, read_inner, depth + 1)
        else:
            yield Entry((*parts, *inner), changed, _reader(read, name, member, handed_in.LARGEST + 1))


def _opened(data: bytes, name: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        raise Refused(f"{name} is not a zip, or a damaged one") from None


def _reader(read: Callable[[], bytes], name: str, member: zipfile.ZipInfo, limit: int) -> Callable[[], bytes]:
    def read_member() -> bytes:
        try:
            with _opened(read(), name).open(member) as file:
                data = file.read(limit + 1)  # what a zip says of its contents' size need not be true
        except (zipfile.BadZipFile, ValueError, RuntimeError, NotImplementedError, OSError, EOFError):
            raise Refused(f"{member.filename} in {name} is damaged") from None
        except Exception as error:  # zlib.error, lzma.LZMAError
            raise Refused(f"{member.filename} in {name} is damaged ({type(error).__name__})") from None
        if len(data) > limit:
            raise Refused(f"{member.filename} in {name} is larger than {limit >> 20} MB")
        return data

    return read_member


def _check(members: list[zipfile.ZipInfo], name: str, *, whole_class: bool) -> None:
    """Refuse a zip that would write outside its folder, fill the disk, or lead elsewhere."""
    if len(members) > MOST_MEMBERS:
        raise Refused(f"{name} holds more than {MOST_MEMBERS:,} files")
    size = sum(member.file_size for member in members)
    if size > LARGEST_CONTENTS * (10 if whole_class else 1):
        raise Refused(f"{name} would unpack to {size / 1e9:.1f} GB")
    for member in members:
        inner = re.split(r"[\\/]", member.filename)
        if ".." in inner or inner[0] == "" or re.match(r"[A-Za-z]:", member.filename):
            raise Refused(f"{name} holds a path that leads out of it ({member.filename[:80]})")
        if stat.S_ISLNK(member.external_attr >> 16):
            raise Refused(f"{name} holds a link ({member.filename[:80]})")
        if member.flag_bits & 1:
            raise Refused(f"{name} is locked with a password")
        if member.file_size > (1 << 20) and member.file_size > MOST_EXPANSION * max(1, member.compress_size):
            raise Refused(f"{name} holds a file that grows more than {MOST_EXPANSION} times when unpacked")


# --- whose, of which sheet, which version --------------------------------------------------------------------------


@dataclass
class _Candidate:
    entry: Entry
    student: str
    name: str
    order: tuple  # later ones count
    late: bool = False
    cells: list[handed_in.Cell] | None = None
    data: bytes = b""
    problem: str = ""
    sheet: str = ""


def collect(folder: Path, all_sheets: list[Sheet], only: str = "") -> list[Submission]:
    """Find the submissions in a folder.

    Parameters
    ----------
    folder : Path
        A folder or a zip.
    all_sheets : list of Sheet
        The course's sheets.
    only : str
        Name of the sheet that all are submissions of; if empty, each one's own cells tell.

    Returns
    -------
    list of Submission
        One for each student and sheet, by student.

    Raises
    ------
    SubmissionsError
        If there is no such folder, or no submission in it.
    """
    if not folder.exists():
        raise SubmissionsError(
            f"There is no folder {folder}. Expected the folder (or zip) with your students' notebooks: "
            "make grade SUBMISSIONS=path/to/it"
        )
    if folder.is_file() and not zipfile.is_zipfile(folder):
        raise SubmissionsError(
            f"{folder} is neither a folder nor a zip. Expected the one with your students' notebooks."
        )
    names = [sheet.name for sheet in all_sheets]
    entries = list(walk(folder))
    if folder.is_file() and len(entries) == 1 and entries[0].refused:
        raise SubmissionsError(
            f"{folder} is not graded: {entries[0].refused}. Unpack it, and name the folder: "
            "make grade SUBMISSIONS=folder"
        )
    entries = _without_wrapper(entries, names)
    candidates = [_candidate(entry, names) for entry in entries]
    if not any(NOTEBOOK.search(entry.parts[-1]) or entry.refused for entry in entries):
        found = ", ".join(str(entry) for entry in entries[:5])
        raise SubmissionsError(
            f"No notebook in {folder}: expected files that end in .ipynb, or zips with such files, one for each "
            f"student; found {found or 'nothing'}."
        )
    for candidate in candidates:
        _look_into(candidate, all_sheets, only)
    common = Counter(candidate.sheet for candidate in candidates if candidate.sheet and candidate.cells is not None)
    usual = only or (common.most_common(1)[0][0] if common else "")
    groups: dict[tuple[str, str], list[_Candidate]] = {}
    for candidate in candidates:
        candidate.sheet = candidate.sheet or usual or (names[0] if len(names) == 1 else "")
        if not candidate.sheet:
            raise SubmissionsError(
                f"Nothing in {folder} says which sheet it is of (the first is {candidate.entry}). Name the sheet, such "
                f"as SHEET={names[0] if names else '02'}."
            )
        groups.setdefault((candidate.student.casefold(), candidate.sheet), []).append(candidate)
    return [_chosen(group) for _, group in sorted(groups.items())]


def _without_wrapper(entries: list[Entry], names: list[str]) -> list[Entry]:
    """Leave out folders that hold all there is, such as the one that a zip was unpacked into."""
    while entries and all(len(entry.parts) > 2 for entry in entries) and len({e.parts[0] for e in entries}) == 1:
        inside = {entry.parts[1] for entry in entries}
        if any(_is_sheet(part, names) for part in inside) or not (len(inside) > 1 or _platform(next(iter(inside)))):
            break  # one student's folder, with a folder for each sheet
        entries = [Entry(entry.parts[1:], entry.time, entry.read, entry.refused) for entry in entries]
    flat = entries and len({entry.parts[0] for entry in entries}) == 1 and {len(e.parts) for e in entries} == {2}
    if flat and len({_named_student(e.parts[1], names) for e in entries} - {""}) == len(entries) > 1:
        entries = [Entry(entry.parts[1:], entry.time, entry.read, entry.refused) for entry in entries]
    return entries


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", "_", unicodedata.normalize("NFC", text)).strip("_").casefold()


def _is_sheet(part: str, names: list[str]) -> bool:
    stem = _plain(VERSION.sub("", NOTEBOOK.sub("", re.sub(r"\.zip$", "", part, flags=re.IGNORECASE))))
    return stem in {_plain(name) for name in names}


def _platform(part: str) -> re.Match | None:
    for pattern in (MOODLE, BLACKBOARD, BRIGHTSPACE, CANVAS):
        match = pattern.fullmatch(part)
        if match:
            return match
    return None


def _named_student(file_name: str, names: list[str]) -> str:
    """Find a student's name in the name of their file: what is left without the sheet's name and version words."""
    stem = NOTEBOOK.sub("", re.sub(r"\.zip$", "", unicodedata.normalize("NFC", file_name), flags=re.IGNORECASE))
    stem = re.sub(r"\.[A-Za-z0-9]{1,5}$", "", stem)
    for name in names:
        pattern = r"[\W_]*".join(re.escape(word) for word in re.split(r"[\W_]+", name))
        stem = re.sub(rf"(?<![^\W_]){pattern}(?![^\W_])", " ", stem, flags=re.IGNORECASE)
    stem = SHEET_WORDS.sub(" ", stem)
    while True:
        shorter = VERSION.sub("", stem.strip(" -_."))
        head, _, last = re.sub(r"[-_ ]+", "_", shorter).rpartition("_")
        if last.casefold() in WORDS or shorter.casefold() in WORDS:
            shorter = shorter[: len(shorter) - len(last)] if head else ""
        if shorter == stem:
            return stem
        stem = shorter


def _candidate(entry: Entry, names: list[str]) -> _Candidate:
    """Find out whose a file is, and how new, from its path."""
    parts = [unicodedata.normalize("NFC", part) for part in entry.parts]
    # Layouts with a folder for each sheet: the student comes below.
    while len(parts) > 1 and _is_sheet(parts[0], names):
        parts = parts[1:]
    match = _platform(parts[0])
    version = VERSION.search(re.sub(r"\.(zip|ipynb)$", "", parts[-1], flags=re.IGNORECASE))
    number = int(version[1] or version[2]) if version else 0
    order: tuple = (0, number, entry.time, entry.parts)
    if match:
        known = match.groupdict()
        name = known["name"].strip(" _-")
        student = f"{name}_{known['number']}" if known.get("number") else name
        attempt = _time(known["when"]) if known.get("when") else int(known.get("attempt") or 0)
        return _Candidate(entry, _identifier(student), name, (attempt, *order[1:]), bool(known.get("late")))
    is_folder = len(parts) > 1 and not parts[0].lower().endswith(".zip")
    name = parts[0] if is_folder else _named_student(parts[0], names)
    identity = _identifier(name)
    unnamed = not identity
    candidate = _Candidate(entry, identity or _identifier(Path(parts[0]).stem) or "unnamed", name or parts[0], order)
    if unnamed:
        candidate.name = ""
    return candidate


def _time(text: str) -> float:
    for form in ("%Y-%m-%d-%H-%M-%S", "%b %d, %Y %I%M %p", "%B %d, %Y %I%M %p"):
        with contextlib.suppress(ValueError):
            return datetime.datetime.strptime(text, form).timestamp()
    return 0.0


def _identifier(name: str) -> str:
    """Make of a name what can be a folder's, on any system."""
    return re.sub(r"_+", "_", re.sub(r"[^\w.-]", "_", name)).strip("._-")[:80]


def _look_into(candidate: _Candidate, all_sheets: list[Sheet], only: str) -> None:
    """Read a file, and find out from its cells which sheet it is of."""
    entry = candidate.entry
    candidate.problem = entry.refused
    by_path = [sheet.name for sheet in all_sheets if _plain(sheet.name) in _plain("/".join(entry.parts))]
    candidate.sheet = only or (by_path[-1] if by_path else "")
    if candidate.problem:
        return
    try:
        candidate.data = entry.read()
        # A notebook under another name is one all the same.
        if not NOTEBOOK.search(entry.parts[-1]) and candidate.data.lstrip()[:1] != b"{":
            raise handed_in.Unreadable(f"{entry.parts[-1]} is not a notebook (.ipynb)")
        candidate.cells = handed_in.read(candidate.data)
    except Refused as error:
        candidate.problem = str(error)
    except handed_in.Unreadable as error:
        named = entry.parts[-1] in str(error)
        candidate.problem = str(error) if named else f"{entry.parts[-1]}: {error}"
    except Exception as error:  # whatever a file makes a library do, it costs its own student only
        candidate.problem = f"{entry.parts[-1]} cannot be read ({type(error).__name__})"
    else:
        if not only:
            candidate.sheet = _sheet_of(candidate.cells, all_sheets) or candidate.sheet


def _sheet_of(cells: list[handed_in.Cell], all_sheets: list[Sheet]) -> str:
    """Give the sheet that most cells are of, word for word; empty if there is none."""
    scores = {}
    for sheet in all_sheets:
        of_sheet = {cell.source.strip() for cell in sheet.released.cells}
        ids = {cell.get("id") for cell in sheet.released.cells}
        scores[sheet.name] = sum(cell.source.strip() in of_sheet or cell.identity in ids for cell in cells)
    best = max(scores, key=scores.__getitem__, default="")
    return best if scores.get(best) else ""


def _chosen(group: list[_Candidate]) -> Submission:
    """Choose the one that counts: the latest of those that can be read."""
    notebooks = [c for c in group if c.cells is not None]
    like = [c for c in group if NOTEBOOK.search(c.entry.parts[-1])]
    best = max(notebooks or like or group, key=lambda candidate: candidate.order)
    notes = []
    if not best.name:
        notes.append(f"whose it is cannot be told from the name {best.entry}")
    if best.late:
        notes.append("handed in late")
    different = {pairs.sha256(candidate.data) for candidate in notebooks}
    if len(different) > 1:
        notes.append(f"{len(different)} versions were handed in; the latest counts: {best.entry}")
    newer = [c for c in like if c.cells is None and c.order > best.order]
    if newer and best.cells is not None:
        notes.append(f"a later file cannot be read ({newer[-1].problem}), so that an earlier one counts: {best.entry}")
    data = best.data if best.cells is not None else None
    name, problem, *notes = map(handed_in.valid_text, (best.name or best.student, best.problem, *notes))
    return Submission(best.student, name, best.sheet, data, problem, notes)
