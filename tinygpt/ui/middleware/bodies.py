"""Bodies of requests that middleware reads before it passes them on."""

from starlette.types import Message, Receive

MAX_BYTES = 250_000  # the longest prompt, with every character escaped, takes half of it


async def read_body(receive: Receive) -> bytes | None:
    """The body of a request; None if it is longer than any that is honest."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > MAX_BYTES:
            return None
    return body


def replayed(body: bytes, receive: Receive) -> Receive:
    """`receive` of a request whose body has been read."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return messages.pop() if messages else await receive()

    return again
