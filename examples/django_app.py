"""Django: set AUTHCORE_KEYS as the README says, then run `uvicorn examples.django_app:app`."""

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpRequest, JsonResponse
from django.urls import path

from authcore import Auth, ConsoleCourier, Keyring, MemoryStore, Policy
from authcore_asgi import AuthMiddleware, principal_of, requires_authentication, requires_permission

policy = Policy(origins=frozenset({"http://localhost:8000"}))
auth = Auth(store=MemoryStore(), keyring=Keyring.from_env(), policy=policy, courier=ConsoleCourier())
middleware = ["authcore_asgi.django.CallerMiddleware"]
settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["localhost"], MIDDLEWARE=middleware)
django.setup()


def home(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"hello": request.user.get_username() or "stranger"})


@requires_authentication
async def me(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"email": principal_of(request).account.email})


@requires_permission(all_of="invoices:read")
def invoices(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"invoices": [17, 42], "for": str(request.user)})


urlpatterns = [path("", home), path("me", me), path("invoices", invoices)]
app = AuthMiddleware(get_asgi_application(), auth=auth)
