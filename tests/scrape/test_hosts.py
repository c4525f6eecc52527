"""Which addresses are asked: those of the open internet alone, and the very ones that were checked."""

import shutil
import socket
import subprocess
import threading

import pytest

from nlpchat.errors import RefusedError, ScrapeError
from nlpchat.scrape.hosts import Hosts, is_public
from tests.scrape.server import Site, html, redirect

PUBLIC = ["93.184.216.34", "8.8.8.8", "2606:2800:220:1::1", "64:ff9b::5db8:d822", "::ffff:8.8.8.8"]
PRIVATE = [
    "127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "0.1.2.3",
    "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.0.8", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
    "192.88.99.1", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "fec0::1", "ff02::1", "2001:db8::1", "2002:7f00:1::",
    "2001:0:1::1", "3fff::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1", "100::1", "no address", "",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_the_open_internet(address):
    assert is_public(address)


@pytest.mark.parametrize("address", PRIVATE)
def test_not_the_open_internet(address):
    assert not is_public(address)


@pytest.fixture
def names(monkeypatch):
    """Names that only this test knows: name -> the answers of one look-up after the other, the last one again and again.

    As a dict with `asked`: every name that was looked up, IP addresses left out.
    """
    real, known, asked = socket.getaddrinfo, {}, []

    def getaddrinfo(host, port, *args, **options):
        if host in known:
            asked.append(host)
            addresses = known[host].pop(0) if len(known[host]) > 1 else known[host][0]
            return [answer for address in addresses for answer in real(address, port, *args, **options)]
        if host.replace(".", "").isdecimal() or ":" in host:
            return real(host, port, *args, **options)
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return known, asked


@pytest.fixture
def connected(monkeypatch):
    """Every address that a connection is tried with; none is made."""
    tried = []

    def connect(_socket, address):
        tried.append(address[0])
        raise ConnectionRefusedError("no network in tests")

    monkeypatch.setattr(socket.socket, "connect", connect, raising=False)
    return tried


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "10.1.2.3", "::1", "::ffff:192.168.0.1"])
def test_a_name_that_leads_into_this_network_is_not_asked(make_fetcher, names, connected, address):
    names[0]["films.test"] = [[address]]
    with pytest.raises(ScrapeError, match="not of the open internet") as fault:
        make_fetcher().get("https://films.test/")
    assert not isinstance(fault.value, RefusedError)  # it is not the site that refuses
    assert connected == []


def test_a_public_site_from_its_name_to_its_page(make_fetcher, names, certified, monkeypatch):
    """Nothing let through: https, port 443, a public address. Only the socket's last step leads to the local server."""
    names[0]["films.test"] = [["93.184.216.34"]]
    certificate = certified("films.test")
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(certificate))
    real = socket.socket.connect
    with Site(certificate) as site:

        def connect(one, address):
            assert address == ("93.184.216.34", 443)
            real(one, ("127.0.0.1", site.port))

        monkeypatch.setattr(socket.socket, "connect", connect, raising=False)
        site.at("/", html("<p>une page</p>"))
        site.at("/vieux", redirect("http://films.test/"))
        fetcher = make_fetcher(allow=())
        page = fetcher.get("https://films.test/")
        assert (page.body, page.path.parent.name) == (b"<p>une page</p>", "films.test")
        with pytest.raises(ScrapeError, match="only https"):
            fetcher.get("https://films.test/vieux")
        assert {asked.headers["host"] for asked in site.asked} == {"films.test"}
        assert site.paths() == ["/", "/vieux"]


def test_one_private_address_among_others_is_enough(make_fetcher, names, connected):
    names[0]["films.test"] = [["93.184.216.34", "192.168.0.1"]]
    with pytest.raises(ScrapeError, match=r"192\.168\.0\.1 is not of the open internet"):
        make_fetcher().get("https://films.test/")
    assert connected == []


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f000001", "127.1", "[::1]", "169.254.169.254"])
def test_addresses_written_as_numbers_are_checked_too(make_fetcher, connected, host):
    with pytest.raises(ScrapeError, match=r"not of the open internet|no such host"):
        make_fetcher().get(f"https://{host}/latest/meta-data/")
    assert connected == []


def test_the_connection_goes_to_what_was_checked_whatever_a_second_look_up_would_say(make_fetcher, names, connected):
    known, asked = names
    known["films.test"] = [["93.184.216.34"], ["127.0.0.1"]]
    with pytest.raises(
        ScrapeError, match="not of the open internet"
    ):  # the second try looks the name up, and checks, again
        make_fetcher().get("https://films.test/")
    assert connected == ["93.184.216.34"]
    assert asked == ["films.test", "films.test"]  # one look-up a connection: none in between to answer differently


def test_a_name_that_leads_elsewhere_after_a_redirect_is_checked_again(names, make_fetcher, site, monkeypatch):
    class PlainButPublic(Hosts):
        """Plain http is let through for the test's site, its addresses are checked as any other's."""

        def addresses(self, host, port):
            return Hosts().addresses(host, port)

    monkeypatch.setattr("nlpchat.scrape.fetch.Hosts", PlainButPublic)
    monkeypatch.setattr("nlpchat.scrape.hosts.is_public", "127.0.0.1".__eq__)
    names[0]["films.test"] = [["127.0.0.1"], ["10.0.0.1"]]
    site.at("/a", redirect("/b", Connection="close"))
    with pytest.raises(ScrapeError, match=r"10\.0\.0\.1 is not of the open internet"):
        make_fetcher(allow=(f"films.test:{site.port}",)).get(f"http://films.test:{site.port}/a")
    assert site.paths(robots=True) == ["/robots.txt", "/a"]


def test_the_next_address_is_tried_when_one_does_not_answer(names, make_fetcher, site):
    names[0]["films.test"] = [["::1", "127.0.0.1"]]  # the site listens on the second alone
    site.at("/", html("<p>une page</p>"))
    page = make_fetcher(allow=(f"films.test:{site.port}",)).get(f"http://films.test:{site.port}/")
    assert page.body == b"<p>une page</p>"


def test_the_host_header_is_the_name(names, make_fetcher, site):
    names[0]["films.test"] = [["127.0.0.1"]]
    site.at("/", html("<p>une page</p>"))
    make_fetcher(allow=(f"films.test:{site.port}",)).get(f"http://films.test:{site.port}/")
    assert {asked.headers["host"] for asked in site.asked} == {f"films.test:{site.port}"}


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://films.test/", "only https"),
        ("https://films.test:8443/", "port 8443"),
        ("https://films.test:80/", "port 80"),
        ("ftp://films.test/", "no web address"),
        ("https://moi:secret@films.test/", "name or a password"),
    ],
)
def test_what_is_refused_by_its_words_alone_looks_nothing_up(make_fetcher, names, url, says):
    with pytest.raises(ScrapeError, match=says):
        make_fetcher().get(url)
    assert names[1] == []


def test_a_name_that_nobody_knows(make_fetcher, names):
    with pytest.raises(ScrapeError, match=r"films\.test: no such host was found") as fault:
        make_fetcher().get("https://films.test/")
    assert not isinstance(fault.value, RefusedError)


def test_what_is_allowed_is_allowed_with_its_port_alone(site):
    hosts = Hosts(allow=(site.host,))
    hosts.check(site.url("/"))
    assert hosts.addresses("127.0.0.1", site.port) == ["127.0.0.1"]
    with pytest.raises(ScrapeError):
        hosts.check("http://127.0.0.1:1/")
    with pytest.raises(ScrapeError):
        hosts.addresses("127.0.0.1", 1)


def test_proxies_and_passwords_of_the_environment_are_not_used(make_fetcher, site, monkeypatch, tmp_path):
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login moi password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    site.at("/", html("<p>une page</p>"))
    make_fetcher().get(site.url("/"))
    assert "authorization" not in site.asked[-1].headers
    assert len(site.paths()) == 1


def test_a_failed_connection_says_that_a_proxy_is_not_used(make_fetcher, monkeypatch, names, connected):
    names[0]["films.test"] = [["93.184.216.34"]]
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with pytest.raises(ScrapeError, match="HTTPS_PROXY is set, and is not used"):
        make_fetcher().get("https://films.test/")
    assert set(connected) == {"93.184.216.34"}


def test_tls_is_asked_for_by_name(names, make_fetcher):
    """The name goes out in the first message (SNI), though the connection is made to a number."""
    names[0]["films.test"] = [["127.0.0.1"]]
    heard = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def listen():
            while True:
                client, _ = server.accept()
                heard.append(client.recv(4096))
                client.close()

        threading.Thread(target=listen, daemon=True).start()
        place = f"films.test:{server.getsockname()[1]}"
        with pytest.raises(ScrapeError):
            make_fetcher(allow=(place,)).get(f"https://{place}/")
    assert b"films.test" in heard[0]


@pytest.fixture
def certified(tmp_path):
    """A file with a new key and a certificate of its own for a name."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl, to make a certificate")

    def make(name):
        key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
        command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -batch"
        given = [
            "-subj",
            f"/CN={name}",
            "-addext",
            f"subjectAltName=DNS:{name}",
            "-keyout",
            str(key),
            "-out",
            str(certificate),
        ]
        subprocess.run([*command.split(), *given], check=True, capture_output=True)
        both = tmp_path / "both.pem"
        both.write_bytes(key.read_bytes() + certificate.read_bytes())
        return both

    return make


@pytest.mark.parametrize(
    ("name", "trusted", "good"), [("films.test", True, True), ("films.test", False, False), ("autre.test", True, False)]
)
def test_the_certificate_is_checked_against_the_name(names, make_fetcher, certified, monkeypatch, name, trusted, good):
    names[0]["films.test"] = [["127.0.0.1"]]
    certificate = certified(name)
    if trusted:
        monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(certificate))
    with Site(certificate) as site:
        site.at("/", html("<p>une page</p>"))
        fetcher, url = make_fetcher(allow=(f"films.test:{site.port}",)), f"https://films.test:{site.port}/"
        if good:
            assert fetcher.get(url).body == b"<p>une page</p>"
        else:
            with pytest.raises(ScrapeError, match="certificate or encryption"):
                fetcher.get(url)
            assert site.asked == []
