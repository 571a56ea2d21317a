"""The pages: what each of them shows, and what its form does.  How a request finds its page is not decided here."""

from examples.demo.pages.logins import AGAIN
from examples.demo.pages.page import Audience, Page, Submit, Visit
from examples.demo.pages.table import PAGES

__all__ = ["AGAIN", "PAGES", "Audience", "Page", "Submit", "Visit"]
