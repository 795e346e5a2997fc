"""The sections of the configuration that say how words reach people, and how it is heard that they did not."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from countermand.config.values import (
    DURATION,
    FILE,
    FLAG,
    HOURS,
    KINDS,
    LANGUAGE,
    NAMES,
    RETURN_PATH,
    TEXT,
    Reader,
    count,
    secret,
)
from countermand.core.instants import MINUTE
from countermand.core.languages import SOURCE
from countermand.core.quiet import NEVER, Quiet


@dataclass(frozen=True, slots=True)
class Smtp:
    """Where notices are handed over, and from whom they come. ``per_hour``: the most that are handed over in an hour, 0 for
    no cap; ``per_hour_per_host``: the same for each host at which people have their mail; ``dkim_selector``: under which the
    mail server signs, for `notices check`; ``return_path``: where a message goes that cannot be delivered, with {tag} for what
    is each message's own; '' for the sender."""

    host: str = "127.0.0.1"
    port: int = 25
    sender: str = "countermand@localhost"
    starttls: bool = False
    per_hour: int = 0
    per_hour_per_host: int = 0
    dkim_selector: str = ""
    return_path: str = ""
    username: str = ""
    password_file: Path | None = None

    @property
    def password(self) -> str:
        """The secret itself, read when it is needed and kept nowhere; '' without a file."""
        return "" if self.password_file is None else secret("smtp.password_file", self.password_file)


@dataclass(frozen=True, slots=True)
class Notices:
    """``lease``: how long a claimed notice may take to be handed over, in milliseconds; part of every due it states.
    ``language``: of whoever has none in the directory; ``quiet``: the hours, by each person's clock, in which nothing but
    what takes an order back is sent; ``ring_wait``: where an order has rings, how long after the last notice to one ring the
    first to the next may leave."""

    lease: int = 10 * MINUTE
    language: str = SOURCE
    quiet: Quiet = NEVER
    ring_wait: int = 10 * MINUTE


@dataclass(frozen=True, slots=True)
class Bounces:
    """Who says that a notice came back. ``maildir``: where the mail server puts what comes to ``smtp.return_path``;
    ``mailgun_key_file``: Mailgun's key for signing webhooks; ``ses_topics``: the names (ARN) of the Amazon SNS topics to which
    Amazon SES reports; ``signed_key_file``: the secret of anybody else who reports as Standard Webhooks are signed."""

    maildir: Path | None = None
    mailgun_key_file: Path | None = None
    ses_topics: tuple[str, ...] = ()
    signed_key_file: Path | None = None

    def secret_of(self, provider: str) -> str:
        """A provider's secret, read when it is needed and kept nowhere; '' where it has none."""
        path = {"mailgun": self.mailgun_key_file, "signed": self.signed_key_file}.get(provider)
        return "" if path is None else secret(f"bounces.{provider}_key_file", path)


@dataclass(frozen=True, slots=True)
class Channels:
    """Second channels, by which the words of a notice are said once more. ``people_file``: lines ``NAME URL`` with {login},
    {email} or {number} in the address; ``rooms_file``: the same for rooms that many read; ``numbers_file``: lines
    ``LOGIN,NUMBER``; ``kinds``: which notices people hear of there (what takes them back follows by itself). ``private_hosts``
    and ``ca_file`` as of [sources]."""

    people_file: Path | None = None
    rooms_file: Path | None = None
    numbers_file: Path | None = None
    kinds: tuple[str, ...] = ("denied", "restored")
    private_hosts: tuple[str, ...] = ()
    ca_file: Path | None = None

    def text_of(self, key: str) -> str:
        """A file's text, read when it is needed; '' where there is none. They hold secrets."""
        path: Path | None = getattr(self, f"{key}_file")
        return "" if path is None else secret(f"channels.{key}_file", path)


SPEAKING: Mapping[str, tuple[type[Any], Mapping[str, Reader]]] = {
    "smtp": (
        Smtp,
        {
            "host": TEXT,
            "port": count(1, 65535),
            "sender": TEXT,
            "starttls": FLAG,
            "per_hour": count(0, 100_000_000),
            "per_hour_per_host": count(0, 100_000_000),
            "dkim_selector": TEXT,
            "return_path": RETURN_PATH,
            "username": TEXT,
            "password_file": FILE,
        },
    ),
    "notices": (Notices, {"lease": DURATION, "language": LANGUAGE, "quiet": HOURS, "ring_wait": DURATION}),
    "channels": (
        Channels,
        {
            "people_file": FILE,
            "rooms_file": FILE,
            "numbers_file": FILE,
            "kinds": KINDS,
            "private_hosts": NAMES,
            "ca_file": FILE,
        },
    ),
    "bounces": (Bounces, {"maildir": FILE, "mailgun_key_file": FILE, "ses_topics": NAMES, "signed_key_file": FILE}),
}
