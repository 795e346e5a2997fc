"""Reading a message that was sent."""

from email.message import EmailMessage


def words_of(message: EmailMessage) -> str:
    """Its plain text."""
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content())
