"""`python -m numsnn` is `numsnn`."""

import sys

from numsnn.cli import main

if __name__ == "__main__":
    sys.exit(main())
