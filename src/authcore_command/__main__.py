"""`python -m authcore_command` is the `authcore` command."""

from authcore_command import main

main(prog_name="python -m authcore_command")
