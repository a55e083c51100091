"""`python -m graphflow`: the command line."""

import sys

from graphflow.cli import main

if __name__ == "__main__":
    sys.exit(main())
