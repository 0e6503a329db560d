"""`python -m pacs_proxy.demo`: the demonstration without the command line around it."""

import sys

from pacs_proxy.demo import run

if __name__ == "__main__":
    sys.exit(run())
