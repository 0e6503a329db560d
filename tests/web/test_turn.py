"""A session that ends takes the connection with it only while its own request has it."""

import socket

import pytest

from pacs_proxy.upstream.watch import Watch
from pacs_proxy.web import turn
from pacs_proxy.web.exchange import begin_interest


@pytest.mark.parametrize("is_over", [False, True])
def test_what_ends_is_the_request_and_never_the_one_after_it(
    is_over: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Watch, "_ensure_running", lambda _: None)
    watch, environ = Watch(), dict[str, object]()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        environ["gunicorn.socket"] = ours
        interest = begin_interest(environ, watch, lambda: True)
        if is_over:
            turn.end(environ)
        watch.look()
        assert interest.is_lost is not is_over
        theirs.setblocking(False)
        if is_over:
            with pytest.raises(BlockingIOError):
                theirs.recv(1)
        else:
            assert theirs.recv(1) == b""
