"""A session as a calendar entry (RFC 5545): the same entry again when it moves or is called off."""

import datetime as dt

LINE_OCTETS = 75


def entry(  # noqa: PLR0913 - each is a line of the entry
    *,
    uid: str,
    title: str,
    text: str,
    url: str,
    starts_at: dt.datetime,
    minutes: int,
    made_at: dt.datetime,
    changed_at: dt.datetime,
    version: int,
    is_cancelled: bool = False,
) -> str:
    """The whole .ics file, lines ending in CRLF and folded at 75 octets.

    A program that has the entry takes this one for newer when its `version` is higher.
    """
    alarm = [
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        "TRIGGER:-PT15M",
        f"DESCRIPTION:{_escaped(title)}",
        "END:VALARM",
    ]
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Cho Phien//VI",
        "METHOD:PUBLISH",
        "BEGIN:VEVENT",
        f"UID:{uid}",
        f"DTSTAMP:{_utc(made_at)}",
        f"LAST-MODIFIED:{_utc(changed_at)}",
        f"SEQUENCE:{version}",
        f"STATUS:{'CANCELLED' if is_cancelled else 'CONFIRMED'}",
        f"DTSTART:{_utc(starts_at)}",
        f"DTEND:{_utc(starts_at + dt.timedelta(minutes=minutes))}",
        f"SUMMARY:{_escaped(title)}",
        f"DESCRIPTION:{_escaped(text)}",
        f"URL:{url}",
        *([] if is_cancelled else alarm),
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _utc(instant: dt.datetime) -> str:
    return instant.astimezone(dt.UTC).strftime("%Y%m%dT%H%M%SZ")


def _escaped(text: str) -> str:
    for mark in ("\\", ";", ","):
        text = text.replace(mark, f"\\{mark}")
    return text.replace("\r\n", "\n").replace("\n", "\\n")


def _folded(line: str) -> str:
    """Broken before an octet too many, never inside a letter; each further line begins with a space."""
    parts, size = [""], 0
    for letter in line:
        octets = len(letter.encode())
        if size + octets > LINE_OCTETS:
            parts.append(" ")
            size = 1
        parts[-1] += letter
        size += octets
    return "\r\n".join(parts)
