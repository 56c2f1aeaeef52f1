"""`python -m bsup_analysis.cli` is the command `bsup`."""

from bsup_analysis.cli import main

if __name__ == "__main__":
    main()
