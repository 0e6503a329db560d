"""`python -m pacs_proxy`."""

from pacs_proxy.cli import main

if __name__ == "__main__":
    main()
