"""Django under ASGI, bare and with middleware, for whoever is measured on it."""

from collections.abc import Callable, Mapping, Sequence

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.test import override_settings
from django.urls import path

from benchmarks.client import App
from benchmarks.peers.scenes import patient

__all__ = ["configure", "served"]


def configure(**chosen: object) -> None:
    """Choose settings, once in a process, and before any of Django's models is imported."""
    settings.configure(ALLOWED_HOSTS=["example.org"], SECRET_KEY="d" * 50, **chosen)
    django.setup()


def served(views: Mapping[str, Callable[..., object]], *, middleware: Sequence[str]) -> tuple[App, App]:
    """Return Django without any middleware, and with some, for the same views."""
    if not settings.configured:
        configure()
    settings.ROOT_URLCONF = tuple(path(place, view) for place, view in views.items())
    made = []
    for listed in ((), middleware):
        with override_settings(MIDDLEWARE=list(listed)):  # which is read while an application is made
            made.append(patient(get_asgi_application()))
    return made[0], made[1]
