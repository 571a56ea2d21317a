"""Asking at a terminal: a real one, on which the test types.  What is typed in secret is never on the screen."""

import os
import subprocess
import sys

import pytest

pty = pytest.importorskip("pty", reason="terminals of this kind are a matter of POSIX")

PASSWORD, OTHER = "a long and quiet evening", "another quiet evening"
ASK = "from authcore.terminal import *; first = ask_first_administrator(); print(first, len(first.password))"
# A session leader that opens a terminal has it as its own, and `getpass` then finds it at /dev/tty.
OWN_TERMINAL = "import os; os.close(os.open(os.ttyname(0), os.O_RDWR)); "


class Person:
    """Somebody at a terminal, who waits for each question and types an answer."""

    def __init__(self, program):
        """Start a program at a new terminal."""
        self.end, end = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", program], stdin=end, stdout=end, stderr=end, start_new_session=True, close_fds=True
        )
        os.close(end)
        self.screen = ""

    def read_until(self, text):
        """Read the screen until a text appears behind what was read before."""
        begun = len(self.screen)
        while text not in self.screen[begun:]:
            self.screen += os.read(self.end, 1024).decode()

    def answer(self, question, text):
        """Type one line when asked."""
        self.read_until(question)
        os.write(self.end, f"{text}\n".encode())

    def leave(self):
        """Wait for the program's end, and give back the terminal."""
        status = self.process.wait()
        os.close(self.end)
        return status


@pytest.fixture(params=["", OWN_TERMINAL], ids=["streams", "own terminal"])
def person(request):
    """Somebody at a terminal that asks for a first administrator."""
    person = Person(request.param + ASK)
    yield person
    assert person.leave() == 0


def test_a_first_administrator_is_asked_for(person):
    """The answers are the administrator; the password appears nowhere on the screen."""
    person.answer("Email address: ", " root@example.org ")
    person.answer("Username (may be empty): ", "root")
    person.answer("Password: ", PASSWORD)
    person.answer("once more: ", PASSWORD)
    person.read_until(f"{len(PASSWORD)}\r\n")
    assert "email='root@example.org', username='root'" in person.screen
    assert PASSWORD not in person.screen


def test_passwords_are_typed_twice(person):
    """Two that differ are asked for again, and a username may be left out."""
    person.answer("Email address: ", "root@example.org")
    person.answer("Username (may be empty): ", "")
    for once, again in ((PASSWORD, OTHER), (OTHER, OTHER)):
        person.answer("Password: ", once)
        person.answer("once more: ", again)
    person.read_until(f"{len(OTHER)}\r\n")
    assert "They differ." in person.screen
    assert "username=None" in person.screen
    assert not {PASSWORD, OTHER} & set(person.screen.split("\r\n"))


def test_no_password_is_typed_in_the_open():
    """Without a terminal a password is not asked for at all: it would stand on the screen, or in a script."""
    program = "from authcore.terminal import *; ask_new_password()"
    ran = subprocess.run(
        [sys.executable, "-c", program],
        input=f"{PASSWORD}\n" * 2,
        capture_output=True,
        text=True,
        start_new_session=True,
        check=False,
    )
    assert "ConfigurationError: there is no terminal that can hide a password" in ran.stderr
    assert not ran.stdout
