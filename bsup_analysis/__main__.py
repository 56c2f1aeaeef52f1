"""`python -m bsup_analysis` is the command `bsup`."""

from bsup_analysis.cli import main

if __name__ == "__main__":
    main()
