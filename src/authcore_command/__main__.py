"""`python -m authcore_command` is the `authcore` command."""

from authcore_command import main

if __name__ == "__main__":
    main(prog_name="python -m authcore_command")
