"""The due as an entry for a calendar (RFC 5545): a file to download from the page, because no notice has an attachment."""

from countermand.core.instants import Instant, to_datetime

_FOLDED = 73


def entry(name: str, title: str, at: Instant, now: Instant, origin: str) -> str:
    """One event at the instant, with an alarm a day before."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Countermand//due//EN",
        "BEGIN:VEVENT",
        f"UID:{name}-{at}@{origin}",
        f"DTSTAMP:{_time(now)}",
        f"DTSTART:{_time(at)}",
        f"SUMMARY:{_text(title)}",
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        f"DESCRIPTION:{_text(title)}",
        "TRIGGER:-P1D",
        "END:VALARM",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _time(at: Instant) -> str:
    return to_datetime(at).strftime("%Y%m%dT%H%M%SZ")


def _text(value: str) -> str:
    """A value as it may stand in a line: what ends or parts one is escaped."""
    shown = "".join(char if char.isprintable() else " " for char in value)
    return shown.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")


def _folded(line: str) -> str:
    """Lines have at most 75 octets; a character is never cut."""
    parts, current = [], ""
    for char in line:
        if len((current + char).encode()) > _FOLDED:
            parts.append(current)
            current = ""
        current += char
    return "\r\n ".join([*parts, current])
