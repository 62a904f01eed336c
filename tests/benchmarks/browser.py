"""A headless Chromium driven by its own protocol: pages are opened, real keys and clicks sent, scripts evaluated."""

import asyncio
import base64
import itertools
import json
import shutil
import subprocess
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

import aiohttp

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

KEYS = {
    "ArrowLeft": 37,
    "ArrowRight": 39,
    "ArrowUp": 38,
    "ArrowDown": 40,
    "Backspace": 8,
    "Escape": 27,
    "Enter": 13,
}


class Tab:
    """One page. Commands go out and answers come back over a websocket in a thread of its own."""

    def __init__(self, address, loop, session):
        self._loop, self._numbers = loop, itertools.count(1)
        self._socket = self._run(session.ws_connect(address, max_msg_size=0))
        self.command("Page.enable")
        self.command("Runtime.enable")

    def _run(self, task):
        return asyncio.run_coroutine_threadsafe(task, self._loop).result(30)

    def command(self, method, **parameters):
        return self._run(self._exchange(next(self._numbers), method, parameters))

    async def _exchange(self, number, method, parameters):
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        while True:
            answer = json.loads((await self._socket.receive()).data)
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return answer["result"]

    def evaluate(self, script):
        found = self.command("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def open(self, url):
        self.command("Page.navigate", url=url)
        self.wait("document.readyState === 'complete'")

    def wait(self, condition, seconds=20):
        """Until a script's value is true; returns it."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if value := self.evaluate(condition):
                return value
            time.sleep(0.03)
        raise AssertionError(f"{condition} did not become true:\n{self.evaluate('document.body.innerText')}")

    def press(self, key):
        """A real key press, with what it types."""
        text = key if len(key) == 1 else "\r" if key == "Enter" else ""
        code = {"code": key} if len(key) > 1 else {}
        number = {"windowsVirtualKeyCode": KEYS[key]} if key in KEYS else {}
        self.command("Input.dispatchKeyEvent", type="keyDown", key=key, text=text, **code, **number)
        self.command("Input.dispatchKeyEvent", type="keyUp", key=key, **code, **number)

    def type(self, text):
        self.command("Input.insertText", text=text)

    def click(self, selector):
        """A real click in the middle of what a selector finds."""
        place = self.evaluate(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            " e.scrollIntoView({block: 'center'});"
            " const r = e.getBoundingClientRect(); return [r.left + r.width / 2, r.top + r.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.command(
                "Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1
            )

    def resize(self, width, height=900, dark=False):
        self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.command("Emulation.setEmulatedMedia", features=scheme)

    def screenshot(self, path):
        found = self.command("Page.captureScreenshot", format="png")
        Path(path).write_bytes(base64.b64decode(found["data"]))


@contextmanager
def chromium(directory):
    """A function that opens a tab in a browser of its own; both go when the block ends."""
    profile = Path(directory) / "profile"
    command = [
        BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
        f"--user-data-dir={profile}", "--remote-debugging-port=0", "about:blank",
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def opened():
        return aiohttp.ClientSession()

    session = asyncio.run_coroutine_threadsafe(opened(), loop).result(10)
    try:
        port_file = profile / "DevToolsActivePort"
        end = time.monotonic() + 30
        while not (port_file.is_file() and "\n" in port_file.read_text()) and time.monotonic() < end:
            time.sleep(0.05)
        port = port_file.read_text().split()[0]

        def tab():
            with urlopen(Request(f"http://127.0.0.1:{port}/json/new?about:blank", method="PUT")) as answer:
                return Tab(json.load(answer)["webSocketDebuggerUrl"], loop, session)

        yield tab
    finally:
        process.terminate()
        process.wait(20)
        asyncio.run_coroutine_threadsafe(session.close(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
