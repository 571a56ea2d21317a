"""A visitor without a browser: cookies by hand, since no Python client sends Secure cookies over plain http."""

import json
import re
import time
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from urllib.parse import urlencode

import httpx2
import pytest

from tests.e2e.running import PATIENCE, Running

PASSWORD = "a long and quiet evening"
NOTHING: Mapping[str, str] = MappingProxyType({})


class Visitor:
    """Somebody who keeps cookies, sends forms, and reads pages."""

    def __init__(self, demo: Running) -> None:
        self.demo = demo
        self.url = demo.url
        self.cookies: dict[str, str] = {}

    def get(self, path: str) -> httpx2.Response:
        """Open a page."""
        return self._send("GET", path, b"", {})

    def get_from_all(self, path: str, *, count: int) -> Sequence[str]:
        """Open a page until so many processes have answered, and return what each of them showed last."""
        shown: dict[str, str] = {}
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            page = self.get(path).text
            shown[re.findall(r"Process (\d+) answered", page)[0]] = page
            if len(shown) == count:
                return list(shown.values())
        pytest.fail(f"no {count} processes answer, but {len(shown)}")

    def post(self, path: str, entries: Mapping[str, str] = NOTHING, **headers: str) -> httpx2.Response:
        """Send a form as a browser does from a page of the demo, unless `headers` say otherwise."""
        return self.post_octets(path, urlencode(entries).encode(), **headers)

    def post_octets(self, path: str, body: bytes, **headers: str) -> httpx2.Response:
        """Send a body that says to be a form."""
        form = {"origin": self.url, "content-type": "application/x-www-form-urlencoded"}
        return self._send("POST", path, body, {**form, **headers})

    def post_json(self, path: str, entries: Mapping[str, str] = NOTHING) -> httpx2.Response:
        """Send JSON, as a program does to the library's own endpoints."""
        body = json.dumps(dict(entries)).encode()
        return self._send("POST", path, body, {"origin": self.url, "content-type": "application/json"})

    def code_for(self, address: str, *, purpose: str = "code", but: str = "") -> str:
        """Return the newest code that the mailbox shows for an address, once it is there and not that one.

        `purpose` is where the letter says that it is to be entered.
        """
        letter = self.letter_for(address, rf'Your code.*<code>(?!{but or "-"}<).*href="/{purpose}"')
        return re.findall(r"<code>(\d+)</code>", letter)[0]

    def letter_for(self, address: str, pattern: str) -> str:
        """Return the newest letter to an address that a pattern is found in, once it is in the mailbox."""
        return self.letters_for(address, pattern, count=1)[0]

    def letters_for(self, address: str, pattern: str, *, count: int) -> list[str]:
        """Return the letters to an address that a pattern is found in, newest first, once there are so many."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            letters = re.findall(r"<article.*?</article>", self.get("/mailbox").text, re.DOTALL)
            found = [each for each in letters if f">{address}<" in each and re.search(pattern, each, re.DOTALL)]
            if len(found) >= count:
                return found
            time.sleep(0.05)
        pytest.fail(f"no {count} letters {pattern!r} to {address}")

    def open_account(self, name: str) -> None:
        """Register, and confirm the address."""
        address = f"{name}@example.org"
        self.post("/register", {"email": address, "username": name, "password": PASSWORD})
        self.post("/code", {"code": self.code_for(address)})

    def become_member(self, name: str) -> None:
        """Open an account, and log in."""
        self.open_account(name)
        self.log_in(name)

    def log_in(self, name: str, password: str = PASSWORD, **headers: str) -> httpx2.Response:
        """Log in, as far as the password leads."""
        return self.post("/login", {"identifier": name, "password": password}, **headers)

    def digits(self) -> str:
        """Read the captcha that was handed out last."""
        return self.demo.read_captcha(self.cookies["__Host-authcore-captcha"])

    def _send(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> httpx2.Response:
        kept = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        cookie = {"cookie": kept} if kept else {}
        # There is no TLS to verify, and a trust store takes its time to load.
        with httpx2.Client(verify=False) as client:
            response = client.request(method, f"{self.url}{path}", content=body, headers={**headers, **cookie})
        for line in response.headers.get_list("set-cookie"):
            self._keep(line)
        return response

    def _keep(self, set_cookie: str) -> None:
        pair, _, attributes = set_cookie.partition(";")
        name, _, value = pair.partition("=")
        if " Max-Age=0;" in attributes:
            self.cookies.pop(name, None)
        else:
            self.cookies[name] = value
