"""The sample application of tests/adapters, once more for each framework that the middleware serves unchanged."""

from contextlib import contextmanager

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpResponse
from django.test import override_settings
from django.urls import path as django_path
from fastapi import FastAPI, Request as FastAPIRequest, Response as FastAPIResponse
from litestar import Litestar, MediaType, Request as LitestarRequest, Response as LitestarResponse, route
from quart import Quart, Response as QuartResponse, request as quart_request

import authcore_asgi
from tests.adapters.apps import guarded, table

JSON = "application/json"


def fastapi_app(stage):
    """Return the application for FastAPI, not wrapped yet."""
    app = FastAPI()

    def add(methods, path, act, guard):
        async def handler(request: FastAPIRequest):
            return FastAPIResponse(await act(request.scope.get("user")), media_type=JSON)

        app.add_api_route(path, guarded(authcore_asgi, handler, guard), methods=list(methods))

    for row in table(stage):
        add(*row)
    return app


def litestar_app(stage, *more, **settings):
    """Return the application for Litestar, not wrapped yet."""

    def handle(methods, path, act, guard):
        async def handler(request: LitestarRequest) -> LitestarResponse:
            return LitestarResponse(await act(request.scope.get("user")), media_type=MediaType.JSON)

        return route(path, http_method=list(methods), status_code=200)(guarded(authcore_asgi, handler, guard))

    return Litestar([*(handle(*row) for row in table(stage)), *more], openapi_config=None, **settings)


def quart_app(stage):
    """Return the application for Quart, not wrapped yet."""
    app = Quart("sample")

    def add(methods, path, act, guard):
        async def handler(request):
            return QuartResponse(await act(request.scope.get("user")), mimetype=JSON)

        async def view():
            return await guarded(authcore_asgi, handler, guard)(quart_request)

        app.add_url_rule(path, endpoint=path, view_func=view, methods=list(methods))

    for row in table(stage):
        add(*row)
    return app


@contextmanager
def django_serving(*patterns):
    """Yield Django's application for some pages, not wrapped yet; until then no other one is served."""
    if not settings.configured:
        settings.configure(
            ALLOWED_HOSTS=["*"],
            MIDDLEWARE=["authcore_asgi.django.CallerMiddleware"],
            INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"],  # for the decorators of the first
        )
        django.setup()
    with override_settings(ROOT_URLCONF=patterns):
        yield get_asgi_application()


def django_app(stage):
    """Return what opens the application for Django, not wrapped yet."""

    def handle(methods, path, act, guard):
        async def view(request):
            if request.method not in methods:
                return HttpResponse(status=405)
            return HttpResponse(await act(request.scope.get("user")), content_type=JSON)

        return django_path(path[1:], guarded(authcore_asgi, view, guard))

    return django_serving(*(handle(*row) for row in table(stage)))
