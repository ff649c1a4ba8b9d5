"""Where Ollama is."""

import pytest

from trouplet.errors import BadSetting
from trouplet_ollama.host import base_url_of, is_cloud


@pytest.mark.parametrize(
    ("host", "url"),
    [
        (None, "http://127.0.0.1:11434"),
        ("", "http://127.0.0.1:11434"),
        ("1.2.3.4", "http://1.2.3.4:11434"),
        (":56789", "http://127.0.0.1:56789"),
        ("1.2.3.4:56789", "http://1.2.3.4:56789"),
        ("http://1.2.3.4", "http://1.2.3.4"),
        ("https://example.com", "https://example.com"),
        ("https://example.com:56789/path/", "https://example.com:56789/path"),
        ("example.com/path", "http://example.com:11434/path"),
        ("example.com:56789/", "http://example.com:56789"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("0.0.0.0:8080", "http://127.0.0.1:8080"),
        ("[::]:8080", "http://[::1]:8080"),
        ("::1", "http://[::1]:11434"),
        ("[0001:002:003:0004::1]:56789", "http://[0001:002:003:0004::1]:56789"),
        (' "localhost:11434" ', "http://localhost:11434"),
        ("ollama.com", "https://ollama.com"),
    ],
)
def test_an_address_is_read_as_ollamas_own_clients_read_it(host, url):
    assert base_url_of(host) == url


@pytest.mark.parametrize(
    "host", ["ftp://example.com", "http://a b", "localhost:port", "http://u:p@host", 11434, "h?q=1"]
)
def test_what_is_no_address_is_refused(host):
    with pytest.raises(BadSetting, match="OLLAMA_HOST"):
        base_url_of(host)


def test_only_ollamas_own_domain_is_its_cloud():
    assert is_cloud("https://ollama.com")
    assert is_cloud("https://api.ollama.com/x")
    assert not is_cloud("https://ollama.com.example.org")
    assert not is_cloud("http://127.0.0.1:11434")
