"""Make a data set's .npz, beside this script, from the four IDX files of its original distribution."""

import argparse
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))  # so that this runs before aelib is installed

from aelib._idx import FILES, SHA256, DataError, read_folder, write_npz  # noqa: E402 - needs the line above


def main(arguments=None):
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=f"The four files are {', '.join(FILES.values())}, each plain or with .gz added. "
        "Their SHA-256 sums are checked, so it does not matter where they come from.",
    )
    parser.add_argument("name", choices=sorted(SHA256), help="which data set")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="the folder that holds its four IDX files")
    chosen = parser.parse_args(arguments)
    target = HERE / f"{chosen.name}.npz"
    try:
        if not chosen.folder.is_dir():
            raise DataError(
                f"{chosen.folder} is not a folder; expected one that holds the four IDX files of {chosen.name}"
            )
        arrays = read_folder(chosen.folder, chosen.name)
        print(f"{chosen.folder}: the four files have the expected SHA-256 sums")
        write_npz(arrays, target)
    except (DataError, OSError) as error:
        print(f"prepare.py: {error}", file=sys.stderr)
        return 1
    counts = f"{len(arrays['x_train']):,} training and {len(arrays['x_test']):,} test images"
    print(f"{target}: written, {counts}, {target.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
