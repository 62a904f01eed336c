"""The page in a real browser, and requests that no page of ours would send."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
from browser import BROWSER, chromium
from tiny_benchmarks import write_jsonl

from benchmarks.errors import BenchmarkError
from benchmarks.human.page import page
from benchmarks.human.server import make_server
from benchmarks.human.settings import ServeConfig
from benchmarks.human.store import open_existing

ROOT = Path(__file__).parents[2]
ATTACK = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"
QUESTIONS = [
    {
        "id": "ar",
        "prompt": "ما عاصمة السودان؟",
        "answers": {"secret-a": "الخرطوم.\niPhone كلمة لاتينية", "secret-b": ATTACK},
    },
    {
        "id": "en",
        "prompt": "Why is the sky blue?",
        "answers": {"secret-a": "Air scatters light.", "secret-b": ""},
    },
    {"id": "ar2", "prompt": "اكتب رسالة.", "answers": {"secret-a": "عزيزي", "secret-b": "مرحبًا"}},
]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def config(tmp_path):
    questions = str(write_jsonl(tmp_path / "q.jsonl", QUESTIONS))

    def made(**changes):
        return ServeConfig(
            **({"output_dir": str(tmp_path / "study"), "questions": questions, "port": 0} | changes)
        )

    return made


@contextmanager
def served(settings):
    server = make_server(settings)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def tabs(tmp_path_factory):
    if BROWSER is None:
        pytest.skip(
            "no Chromium here (Debian: apt-get install chromium): the page is not looked at in a browser"
        )
    with chromium(tmp_path_factory.mktemp("browser")) as tab:
        yield tab


def begin(tab, url, name):
    tab.open(url)
    tab.click("#name")
    tab.type(name)
    tab.press("Enter")
    tab.wait("!document.getElementById('desk').hidden || !document.getElementById('finished').hidden")


def done(tab):
    return tab.evaluate("state.done")


def clicks(directory):
    store = open_existing(Path(directory))
    try:
        return store.frame()
    finally:
        store.close()


def test_two_annotators_click_and_type_and_resume(tabs, config):
    with served(config()) as server:
        layla, omar = tabs(), tabs()
        begin(layla, server.url, "ليلى")
        begin(omar, server.url, "Omar")
        layla.click("[data-value=first]")
        layla.wait("state.done === 1")
        layla.press("٢")  # Arabic-Indic two
        layla.wait("state.done === 2")
        omar.press("9")
        omar.wait("state.done === 1")
        omar.click("#comment")
        omar.type("ملاحظة عن الجواب")
        omar.press("Escape")
        omar.wait("document.getElementById('saved').textContent === 'Saved'")
        omar.press("0")
        omar.wait("state.done === 2")
        omar.press("Backspace")
        omar.wait("state.number === 1")
        assert omar.evaluate("document.querySelector('[aria-pressed=true]').dataset.value") == "tie"
        assert omar.evaluate("document.getElementById('comment').value") == "ملاحظة عن الجواب"
        again = tabs()  # another tab, the same name: where she stopped
        begin(again, server.url, "ليلى")
        assert done(again) == 2
        assert again.evaluate("document.getElementById('told').textContent") == "2 of 3 done"
        again.press("1")
        again.wait("!document.getElementById('finished').hidden")
    found = clicks(config().output_dir)
    assert dict(found.group_by("annotator").len().rows()) == {"ليلى": 3, "Omar": 3}
    values = dict(found.filter(annotator="Omar").select("criterion", "value").rows())
    assert values == {"comment": "ملاحظة عن الجواب", "preference": "tie"}


def test_arrows_mean_the_side_and_the_page_reads_right_to_left(tabs, config):
    with served(config(language="ar")) as server:
        tab = tabs()
        tab.resize(1200)
        begin(tab, server.url, "A")
        left = tab.evaluate(
            "[...document.querySelectorAll('.answer')].map((e) => e.getBoundingClientRect().left)"
        )
        assert left[0] > left[1]  # the first answer stands on the right
        tab.press("ArrowLeft")
        tab.wait("state.done === 1")
        tab.press("ArrowRight")
        tab.wait("state.done === 2")
        assert clicks(config().output_dir)["value"].to_list() == ["second", "first"]
        tab.resize(390)
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
        left = tab.evaluate(
            "[...document.querySelectorAll('.answer')].map((e) => e.getBoundingClientRect().left)"
        )
        assert left[0] == left[1]
        tab.press("ArrowLeft")  # one above the other: no side is meant
        assert done(tab) == 2


def test_each_line_runs_in_its_own_direction_and_markup_stays_text(tabs, config):
    with served(config()) as server:
        tab = tabs()
        begin(tab, server.url, "A")
        seen = []
        for number in range(3):
            tab.wait(f"state.number === {number}")
            seen += tab.evaluate(
                "[...document.querySelectorAll('.text p')].map((p) => [p.textContent, getComputedStyle(p).direction])"
            )
            assert tab.evaluate("document.querySelectorAll('.text script, .text img').length") == 0
            assert "secret" not in tab.evaluate("document.documentElement.outerHTML + JSON.stringify(state)")
            tab.press("0")
        tab.wait("!document.getElementById('finished').hidden")
        assert tab.evaluate("document.title") == "Which answer is better?"
    assert [ATTACK, "ltr"] in seen
    assert ["iPhone كلمة لاتينية", "rtl"] in seen
    assert ["(empty answer)", "ltr"] in seen
    assert ["Why is the sky blue?", "ltr"] in seen


def test_ratings_by_keys(tabs, config):
    with served(config(mode="rate", criteria=["fluency", "dialect"])) as server:
        tab = tabs()
        begin(tab, server.url, "A")
        tab.press("4")
        tab.wait("state.values.fluency === '4'")
        assert done(tab) == 0
        tab.press("ArrowUp")
        tab.press("3")
        tab.wait("state.values.fluency === '3'")
        tab.click("[data-criterion=dialect][data-value='5']")
        tab.wait("state.done === 1")
    found = clicks(config().output_dir)
    assert dict(found.select("criterion", "value").rows()) == {"fluency": "3", "dialect": "5"}


def start(settings, port):
    command = [
        sys.executable, "-m", "benchmarks.human", "serve", "--output_dir", settings.output_dir,
        "--questions", settings.questions, "--port", str(port),
    ]  # fmt: skip
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline().startswith("open  http://127.0.0.1:")
    process.stdout.close()
    return process


def test_a_killed_server_loses_no_click_and_open_pages_go_on(tabs, config):
    """SIGKILL after one click; the next click is made while nobody listens, and is kept once a server is back."""
    port = free_port()
    process = start(config(), port)
    tab = tabs()
    begin(tab, f"http://127.0.0.1:{port}/", "A")
    tab.press("1")
    tab.wait("state.done === 1")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert clicks(config().output_dir).height == 1
    tab.press("2")
    tab.wait("!document.getElementById('trouble').hidden")
    process = start(config(), port)
    try:
        tab.wait("state.done === 2")
        assert tab.evaluate("document.getElementById('trouble').hidden")
        assert clicks(config().output_dir)["value"].to_list() == ["first", "second"]
    finally:
        process.terminate()
        assert process.wait(20) == 130


def request(server, method, path, headers, body=b"", host=None):
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    connection.putrequest(method, path, skip_host=True)
    connection.putheader("Host", host or f"127.0.0.1:{server.server_port}")
    for name, value in ({"Content-Length": str(len(body))} | headers).items():
        connection.putheader(name, value)
    connection.endheaders(body)
    answer = connection.getresponse()
    found = answer.status, answer.read().decode(), answer.headers
    connection.close()
    return found


def ours(server, **changes):
    """Headers and body of a click as our page sends it."""
    headers = {"Content-Type": "application/json", "Cookie": f"{server.cookie}={server.token}"}
    headers |= {"Origin": f"http://127.0.0.1:{server.server_port}", "Sec-Fetch-Site": "same-origin"}
    asked = {
        "token": server.token,
        "annotator": "A",
        "number": 0,
        "criterion": "preference",
        "value": "first",
    }
    return headers, json.dumps(asked | changes).encode()


def test_only_our_own_page_can_write(config):
    with served(config()) as server:
        headers, body = ours(server)
        assert request(server, "POST", "/click", headers, body)[0] == 200
        refused = [
            ({"Origin": "http://evil.example"}, body, None, 403),
            ({"Origin": "null"}, body, None, 403),
            ({"Sec-Fetch-Site": "cross-site"}, body, None, 403),
            ({"Sec-Fetch-Site": "same-site"}, body, None, 403),
            ({"Cookie": ""}, body, None, 403),
            ({"Cookie": f"{server.cookie}=guess"}, body, None, 403),
            ({}, ours(server, token="guess")[1], None, 403),
            ({}, ours(server, token=5)[1], None, 403),
            ({}, body, "evil.example", 421),
            ({}, body, f"evil.example:{server.server_port}", 421),
            ({"Content-Type": "text/plain"}, body, None, 415),
            ({"Content-Type": "application/x-www-form-urlencoded"}, body, None, 415),
            ({}, b"{", None, 400),
            ({}, b"[]", None, 400),
            ({"Content-Length": "x"}, body, None, 413),
            ({"Content-Length": str(1 << 30)}, body, None, 413),
            ({}, ours(server, number="0")[1], None, 400),
            ({}, ours(server, number=True)[1], None, 400),
            ({}, ours(server, value="best")[1], None, 400),
            ({}, ours(server, seconds="1")[1], None, 400),
            ({}, ours(server, seconds=float("nan"))[1], None, 400),
            ({}, ours(server, seconds=10**400)[1], None, 400),
            ({}, ours(server, annotator="\ud800")[1], None, 400),
            ({"Content-Length": "1" * 5000}, body, None, 413),
        ]
        for changes, content, host, status in refused:
            assert request(server, "POST", "/click", headers | changes, content, host)[0] == status, changes
        assert request(server, "GET", "/", {}, host="rebound.example")[0] == 421
        assert request(server, "GET", "/../settings.py", {})[0] == 404
    assert clicks(config().output_dir).height == 1


def test_the_body_of_a_refused_request_is_no_request_of_its_own(config):
    """A body that looks like a click of ours, behind a Host that is not: one answer, and the line is closed."""
    with served(config()) as server:
        headers, body = ours(server)
        told = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        host = f"127.0.0.1:{server.server_port}"
        inner = f"POST /click HTTP/1.1\r\nHost: {host}\r\n{told}Content-Length: {len(body)}\r\n\r\n"
        hidden = inner.encode() + body
        outer = (
            f"POST /click HTTP/1.1\r\nHost: evil.example\r\nContent-Length: {len(hidden)}\r\n\r\n".encode()
        )
        with socket.create_connection(("127.0.0.1", server.server_port), timeout=10) as line:
            line.sendall(outer + hidden)
            answer = b"".join(iter(lambda: line.recv(4096), b""))
        assert answer.count(b"HTTP/1.1 ") == 1
        assert answer.startswith(b"HTTP/1.1 421")
    assert clicks(config().output_dir).is_empty()


def test_ipv6_has_brackets(config):
    try:
        server = make_server(config(host="::1"))
    except BenchmarkError:
        pytest.skip("this machine has no IPv6")
    assert server.url.startswith("http://[::1]:")
    assert f"[::1]:{server.server_port}" in server.hosts
    assert not server.open_to_others
    server.server_close()


def test_the_page_loads_nothing_from_elsewhere_and_keeps_its_cookie_to_itself(config):
    with served(config()) as server:
        status, _, headers = request(server, "GET", "/", {})
        assert status == 200
        assert "HttpOnly; SameSite=Strict" in headers["Set-Cookie"]
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        for path in ("/", "/page.js", "/page.css"):
            text = request(server, "GET", path, {})[1]
            assert "http://" not in text
            assert "https://" not in text
        assert server.server_address[0] == "127.0.0.1"
        assert "innerHTML" not in request(server, "GET", "/page.js", {})[1]
    assert "\\u003c/script>" in page(config(criteria=["</script>"], mode="rate"), "token")


def test_a_port_that_is_taken_is_one_line(config, tmp_path):
    with (
        served(config()) as server,
        pytest.raises(
            BenchmarkError, match=r"cannot be listened on \(Address already in use\): choose another --port"
        ),
    ):
        make_server(config(port=server.server_port, output_dir=str(tmp_path / "other")))
    with pytest.raises(BenchmarkError, match="host must be an IP address, got 'here'"):
        make_server(config(host="here", output_dir=str(tmp_path / "third")))


@pytest.mark.parametrize("host", ["0.0.0.0", "127.0.0.1"])  # the second behind a proxy
def test_others_need_the_key(config, host):
    with served(config(host=host, allowed_hosts=["eval.example.org"])) as server:
        assert request(server, "GET", "/", {})[0] == 403
        assert request(server, "GET", f"/?key={server.token}", {}, host="eval.example.org")[0] == 200
        assert server.url.endswith(f"?key={server.token}")


def test_a_second_server_of_one_study_is_refused(config, capsys):
    process = start(config(), free_port())
    try:
        result = subprocess.run(
            [
                sys.executable, "-m", "benchmarks.human", "serve", "--output_dir", config().output_dir,
                "--questions", config().questions, "--port", "0",
            ],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert result.returncode == 2
        assert "another process serves this study" in result.stderr
    finally:
        process.terminate()
        process.wait(20)
