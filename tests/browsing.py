"""Drive a real Chromium without a window, by its own protocol over two pipes; nothing but the browser is needed.

Source: https://chromedevtools.github.io/devtools-protocol, with --remote-debugging-pipe: JSON ended by a zero byte,
read from descriptor 3 and written to 4.
"""

import base64
import json
import os
import select
import subprocess
import sys
import time

QUIET = ("quic", "background-networking", "component-update", "sync", "gpu")
PATIENCE = 60  # seconds
KEYS = {"Tab": 9, "Enter": 13, "Escape": 27, "Space": 32, "ArrowDown": 40}
# Gives the pipes the numbers that the browser expects, and becomes the browser.
PASS_ON = """
import fcntl, os, sys
read, write = (fcntl.fcntl(int(one), fcntl.F_DUPFD, 10) for one in sys.argv[1:3])
os.dup2(read, 3)
os.dup2(write, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""


def command_of(browser, folder, *options):
    """Return the command that starts a browser without a window, with a profile of its own."""
    command = [browser, "--headless", "--no-sandbox", "--no-first-run", *(f"--disable-{name}" for name in QUIET)]
    return [*command, f"--user-data-dir={folder / 'profile'}", *options]


class Tab:
    """A page in a browser.

    Args:
        browser: The path of a Chromium.
        folder: For its profile and its downloads.
    """

    def __init__(self, browser, folder):
        (folder / "profile").mkdir(parents=True)
        ours, theirs = os.pipe(), os.pipe()  # to the browser, and from it
        command = command_of(browser, folder, "--remote-debugging-pipe", "about:blank")
        self._process = subprocess.Popen(
            [sys.executable, "-c", PASS_ON, str(ours[0]), str(theirs[1]), *command],
            pass_fds=(ours[0], theirs[1]),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(ours[0])
        os.close(theirs[1])
        self._to, self._from, self._rest, self._number = ours[1], theirs[0], b"", 0
        self._session, self.complaints, self.folder = None, [], folder
        page = next(one for one in self.ask("Target.getTargets")["targetInfos"] if one["type"] == "page")
        attached = self.ask("Target.attachToTarget", targetId=page["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "DOM"):
            self.ask(f"{domain}.enable")
        self.ask("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))

    def ask(self, method, **parameters):
        """Call a method of the protocol, and return its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        os.write(
            self._to, json.dumps(message | ({"sessionId": self._session} if self._session else {})).encode() + b"\0"
        )
        while True:
            found = self._next()
            if found.get("id") == self._number:
                assert "error" not in found, found
                return found["result"]

    def _next(self):
        """Return the next message, and keep what the page complains about."""
        end = time.monotonic() + PATIENCE
        while b"\0" not in self._rest:
            assert select.select([self._from], [], [], max(0, end - time.monotonic()))[0], "the browser does not answer"
            self._rest += (found := os.read(self._from, 1 << 20))
            assert found, "the browser has ended"
        line, _, self._rest = self._rest.partition(b"\0")
        message = json.loads(line)
        if message.get("method") == "Log.entryAdded" and message["params"]["entry"]["level"] == "error":
            self.complaints.append(message["params"]["entry"]["text"])
        if message.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(message["params"]["exceptionDetails"]["text"])
        return message

    def open(self, address, width=1200, height=900, dark=False):
        """Open an address in a window of a size."""
        self.resize(width, height, dark=dark)
        self.ask("Page.navigate", url=address)
        self.wait("document.readyState === 'complete'")

    def resize(self, width, height=900, dark=False):
        """Change the size of the window, and whether it is dark."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.ask("Emulation.setDeviceMetricsOverride", **size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", features=[scheme])

    def see(self, expression):
        """Return the value of an expression on the page."""
        found = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def wait(self, expression):
        """Wait until an expression on the page is true."""
        end = time.monotonic() + PATIENCE
        while not self.see(f"!!({expression})"):
            assert time.monotonic() < end, (expression, self.see("document.body.innerText"))
            time.sleep(0.02)

    def text(self, selector):
        """Return the words that an element shows."""
        return self.see(f"document.querySelector({json.dumps(selector)}).innerText")

    def choose_files(self, selector, *paths):
        """Choose files in an input."""
        root = self.ask("DOM.getDocument")["root"]["nodeId"]
        node = self.ask("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.ask("DOM.setFileInputFiles", files=[str(path) for path in paths], nodeId=node)

    def drop(self, selector, *paths):
        """Drop files on an element, as a hand does."""
        x, y = self._middle(selector)
        data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self.ask("Input.dispatchDragEvent", type=kind, x=x, y=y, data=data)

    def click(self, selector):
        """Click on the middle of an element."""
        x, y = self._middle(selector)
        for kind in ("mousePressed", "mouseReleased"):
            self.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def _middle(self, selector):
        name = json.dumps(selector)
        self.see(f"document.querySelector({name}).scrollIntoView({{block: 'center'}})")
        box = self.see(
            f"(() => {{ const b = document.querySelector({name}).getBoundingClientRect(); "
            "return [b.x + b.width / 2, b.y + b.height / 2]; })()"
        )
        return box

    def type(self, words):
        """Type words where the focus is."""
        self.ask("Input.insertText", text=words)

    def press(self, key, modifiers=0):
        """Press a key; of the modifiers 2 is Ctrl, 8 Shift."""
        code = {"key": " " if key == "Space" else key, "code": key, "windowsVirtualKeyCode": KEYS[key]}
        text = {"Enter": {"text": "\r"}, "Space": {"text": " "}}.get(key, {}) if not modifiers else {}
        self.ask("Input.dispatchKeyEvent", type="keyDown", modifiers=modifiers, **code, **text)
        self.ask("Input.dispatchKeyEvent", type="keyUp", modifiers=modifiers, **code)

    def picture(self, path, *, whole=True):
        """Write what the page shows as a PNG."""
        found = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(found["data"]))

    def close(self):
        """End the browser."""
        self._process.terminate()
        self._process.wait(PATIENCE)
        os.close(self._to)
        os.close(self._from)
