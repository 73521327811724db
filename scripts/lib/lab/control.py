# SPDX-License-Identifier: Apache-2.0
"""How others speak with a lab that runs: one JSON object a line and way, over a socket that only root may open."""
import json
import socket

MOST_BYTES = 1 << 20
SECONDS = 10


class LabError(Exception):
    """What the lab answered instead, or why it doesn't answer."""


class Control:
    def __init__(self, path):
        self.path = str(path)

    def ask(self, request, seconds=SECONDS):
        """The answer to one request. A LabError with its words when it is refused."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
                line.settimeout(seconds)
                line.connect(self.path)
                line.sendall(json.dumps(request).encode() + b"\n")
                with line.makefile("rb") as answers:
                    text = answers.readline(MOST_BYTES)
        except PermissionError:
            raise LabError("the lab is root's: ask as root") from None
        except OSError as error:
            raise LabError(f"no lab answers at {self.path}: {error.strerror or error}") from None
        try:
            answer = json.loads(text)
        except ValueError:
            raise LabError(f"the lab ended while it was asked ({self.path})") from None
        if "error" in answer:
            raise LabError(answer["error"])
        return answer
