"""Addresses: which are this machine's own, which port is free, and what is wrong where one cannot listen."""

import errno
import os
import socket

import pytest

from tests.server import free_port
from tinygpt.ui.address import PORTS, check_root_path, choose_port, hostname, is_loopback


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("localhost:7860", "localhost"),
        ("LOCALHOST", "localhost"),
        ("[::1]:7860", "::1"),
        ("https://Example.org:8443/tinygpt", "example.org"),
        ("user@evil.example", "evil.example"),
        ("null", "null"),
        ("[::1", ""),
        ("http://", ""),
        ("", ""),
    ],
)
def test_a_host_has_a_name(host: str, name: str):
    assert hostname(host) == name


def test_only_localhost_and_loopback_addresses_are_this_machine():
    for name in ("localhost", "127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"):
        assert is_loopback(name)
    for name in ("", "localhost.", "a.localhost", "127.0.0.1.org", "0.0.0.0", "::", "10.0.0.1", "2130706433", "127.1"):
        assert not is_loopback(name)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])
def test_a_port_that_is_taken_is_refused_and_passed_over_where_none_was_chosen(host: str):
    port = choose_port(host, None)
    assert port in PORTS
    with socket.create_server((host, port)):
        with pytest.raises(ValueError, match=f"port {port} is taken: choose another with --port"):
            choose_port(host, port)
        assert choose_port(host, None) in range(port + 1, PORTS.stop)
    assert choose_port(host, port) == port


@pytest.mark.parametrize(
    ("host", "problem"),
    [
        ("203.0.113.5", "not an address of this machine: choose another with --host"),
        ("2001:db8::5", "--host"),
        ("nowhere.invalid", "no host 'nowhere.invalid'.*--host"),
        ("localhost:7860", "no host 'localhost:7860'.*--host"),
    ],
)
def test_a_host_where_one_cannot_listen_is_not_told_as_a_taken_port(host: str, problem: str):
    with pytest.raises(ValueError, match=problem) as error:
        choose_port(host, free_port())
    assert "taken" not in str(error.value)


@pytest.mark.parametrize("number", [errno.EACCES, errno.EMFILE, errno.ENOBUFS])
def test_what_else_keeps_one_from_listening_is_told_in_the_systems_words(monkeypatch, number: int):
    def refuse(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(socket, "create_server", refuse)
    with pytest.raises(ValueError, match="port 80 may not be used|" + os.strerror(number)) as error:
        choose_port("127.0.0.1", 80)
    assert "taken" not in str(error.value)


def test_a_root_path_is_a_path_or_a_url():
    for path in ("", "/tinygpt", "/a/b-c_d.e~f", "https://example.org", "http://localhost:8000/x", "https://[::1]/x"):
        assert check_root_path(path) == path
        assert check_root_path(f"{path}/") == path
    for path in (
        "tinygpt",
        "ftp://x/y",
        "https://",
        "/a b",
        "/a?b",
        "/a#b",
        '/"><script>',
        "https://a/b?c",
        "//",
        "//evil.example",
    ):
        with pytest.raises(ValueError, match="--root-path"):
            check_root_path(path)
