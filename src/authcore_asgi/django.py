"""What Django's handlers expect of a request: `request.user`, and refusals answered.  Needs Django, under ASGI."""

from importlib.util import find_spec

if find_spec("django") is None:
    raise ModuleNotFoundError('authcore_asgi.django needs Django: pip install "authcore[django]"', name="django")

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.functional import SimpleLazyObject

from authcore.errors import AuthError, Fault
from authcore.principal import Anonymous, Principal
from authcore.web import answer_to
from authcore_asgi.guards import VISIT, caller_of
from authcore_asgi.messages import request_of

__all__ = ["CallerMiddleware", "User"]

Handler: TypeAlias = Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]


@dataclass(frozen=True, slots=True)
class User:
    """The caller in Django's words, as far as its decorators and templates ask; `caller` is the Principal itself."""

    caller: Principal | Anonymous

    @property
    def is_authenticated(self) -> bool:
        """Whether somebody is logged in."""
        return self.caller.is_authenticated

    @property
    def is_anonymous(self) -> bool:
        """Whether nobody is."""
        return not self.caller.is_authenticated

    @property
    def pk(self) -> str:
        """The account's id, or nothing."""
        return self.caller.identity

    def get_username(self) -> str:
        """Return the name to greet by."""
        return self.caller.display_name

    def has_perm(self, perm: object) -> bool:
        """Tell whether the caller's grants imply a permission."""
        return perm in self.caller.permissions

    def has_perms(self, perm_list: Iterable[object]) -> bool:
        """Tell whether the caller's grants imply each of some permissions."""
        return all(map(self.has_perm, perm_list))

    async def ahas_perms(self, perm_list: Iterable[object]) -> bool:
        """Tell the same, to handlers that await."""
        return self.has_perms(perm_list)

    def __str__(self) -> str:
        return self.caller.display_name


class CallerMiddleware:
    """To be listed in Django's MIDDLEWARE, within an application that AuthMiddleware wraps.

    Every request has a `user`, and an `auser` to await; asking for it on an exempt path is a ConfigurationError.
    Refusals and faults that a handler raises become problem documents.
    """

    sync_capable = async_capable = True

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Have a request answered whose user is known."""

        async def auser() -> User:
            return User(caller_of(request))

        # As Django's own middleware does it: its class does not know these names.
        vars(request).update(user=SimpleLazyObject(lambda: User(caller_of(request))), auser=auser)
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer a refusal or fault, and leave every other exception to Django."""
        if not isinstance(exception, AuthError | Fault):
            return None
        scope = getattr(request, "scope", {})
        # On an exempt path nobody has been asked for, and nobody is told of.
        visit = scope.get(VISIT)
        told = None if visit is None else visit.access.answer(exception, request_of(scope))
        answer = told or answer_to(exception, request.path)
        headers = {name.decode(): value.decode() for name, value in answer.headers}
        return HttpResponse(answer.body, status=answer.status, headers=headers)
