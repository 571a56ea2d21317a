"""Captchas: handing one out, drawing it, speaking it, and judging what a person makes of it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from authcore import captchas, throttling
from authcore.audit import session_digest
from authcore.auth.counting import Counting
from authcore.auth.parts import Issued
from authcore.captcha import PackageRenderer
from authcore.codes import CAPTCHA_KEY
from authcore.decisions import Decision
from authcore.entities import CaptchaSession, Device
from authcore.flows import Work
from authcore.lookups import count_of
from authcore.ports import CaptchaRenderer, by_id
from authcore.rendering import Rendering
from authcore.throttle import Throttle
from authcore.tokens import Reference, TokenKind

__all__ = ["Captchas"]

_COUNTED_AS: Final = "captcha"


@dataclass(frozen=True, kw_only=True)
class Captchas(Counting):
    """The flows of a visitor who is to show that it is a person."""

    def open_captcha(self) -> Issued[CaptchaSession]:
        """Return a new captcha; nothing is stored until it is answered."""
        return self._issued(TokenKind.CAPTCHA, captchas.open_captcha(self._occasion()))

    async def draw_captcha(self, captcha: str, *, device: Device | None = None) -> Rendering:
        """Return a picture of a captcha, from its token: another one each time, of the same code.

        Raises InvalidToken if it is none, ChallengeEnded if it awaits no answer, Throttled after
        `CaptchaSettings.renderings` or too many from one network, and RenderingFault.  Needs the extra `captcha`,
        unless there is another `renderer`.
        """
        return await self._rendered(captcha, lambda renderer, code: renderer.picture(code), device)

    async def speak_captcha(self, captcha: str, *, device: Device | None = None) -> Rendering:
        """Return a sound of a captcha, for those who cannot see it; raises as `draw_captcha` does."""
        return await self._rendered(captcha, lambda renderer, code: renderer.sound(code), device)

    async def answer_captcha(self, captcha: str, *, code: str, device: Device | None = None) -> CaptchaSession:
        """Answer a captcha, and return it spent: one answer opens one door.

        Raises InvalidToken if the token is none, CodeMismatch for a wrong answer, ChallengeEnded (AttemptsExhausted,
        after too many) if none counts any more, and Throttled after too many answers from one network.
        """
        reference, occasion = self._decode(TokenKind.CAPTCHA, captcha), self._occasion(device)

        async def decide(work: Work) -> Decision[CaptchaSession]:
            now = occasion.at(work.now)
            admitted = await self._admitted(work, now, _COUNTED_AS, self.policy.captcha.per_network)
            if admitted.refusal is not None:
                return admitted.refused()
            found = await self._found(work, reference)
            answered = captchas.answer(now, found, given=code, key=self._key_of(reference))
            # What was not judged is not counted: whoever knocks at a captcha that is over fills no store.
            return answered.also(admitted.writes) if answered.writes else answered

        return await self._flows.run(decide)

    async def _rendered(
        self, captcha: str, render: Callable[[CaptchaRenderer, str], Rendering], device: Device | None
    ) -> Rendering:
        reference, occasion = self._decode(TokenKind.CAPTCHA, captcha), self._occasion(device)
        key, renderer = self._key_of(reference), self._renderer

        async def decide(work: Work) -> Decision[str]:
            now, found = occasion.at(work.now), await self._found(work, reference)
            revealed = captchas.reveal(found, key=key, now=work.now, policy=self.policy)
            if revealed.refusal is not None:
                return revealed
            # Its own life, which a token tells in whole seconds and the policy of now does not: no second round.
            each = Throttle(limit=self.policy.captcha.renderings, window=found.expires_at - found.created_at)
            counts = [
                await count_of(work.weak, f"{_COUNTED_AS}/{session_digest(reference.id)}", each),
                await self._of_network(work, now, _COUNTED_AS, self.policy.captcha.per_network),
            ]
            admitted = throttling.admit(now, counts)
            return revealed.also(admitted.writes) if admitted.refusal is None else admitted.refused()

        code = await self._flows.run(decide)
        return await self.rendering(lambda: render(renderer, code))

    async def _found(self, work: Work, reference: Reference) -> CaptchaSession:
        stored = await work.get(by_id(CaptchaSession, reference.id))
        return stored or captchas.unanswered(
            reference.id, issued_at=reference.issued_at, expires_at=reference.expires_at, policy=self.policy
        )

    def _key_of(self, reference: Reference) -> bytes | None:
        return self.keyring.derive(captchas.key_of(reference.id), CAPTCHA_KEY)

    @cached_property
    def _renderer(self) -> CaptchaRenderer:
        return self.renderer or PackageRenderer(self.policy.captcha)
