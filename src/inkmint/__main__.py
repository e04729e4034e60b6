"""`python -m inkmint`, and `torchrun -m inkmint` for several workers."""

from inkmint.cli.main import main

if __name__ == "__main__":
    main()
