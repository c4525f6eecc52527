"""`python -m nlpchat`, the same as `nlpchat`."""

from nlpchat.cli import main

if __name__ == "__main__":
    main(prog_name="nlpchat")
