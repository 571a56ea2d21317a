"""Mail by SMTP: a courier for one server, its settings, and what the mails say.  When to send is decided elsewhere."""

from importlib.util import find_spec

if find_spec("aiosmtplib") is None:
    raise ModuleNotFoundError('authcore_smtp needs aiosmtplib: pip install "authcore[smtp]"', name="aiosmtplib")

from authcore_smtp.courier import SmtpCourier
from authcore_smtp.settings import Security, SmtpSettings
from authcore_smtp.templates import Templates
from authcore_smtp.wording import Wording

__all__ = ["Security", "SmtpCourier", "SmtpSettings", "Templates", "Wording"]
