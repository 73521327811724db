# SPDX-License-Identifier: Apache-2.0
"""Certificates, programs and requests that the tests of TLS share."""
import contextlib
import ctypes
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import tempfile
import time


class Failure(Exception):
    """What was expected and did not come."""


def expect(condition, words):
    if not condition:
        raise Failure(words)


def run(*command, seconds=30, text=None):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=seconds, input=text,
                          check=False)


def bcrypt(password, cost=5):
    library = ctypes.CDLL("libcrypt.so.1")
    library.crypt_gensalt.restype = library.crypt.restype = ctypes.c_char_p
    setting = library.crypt_gensalt(b"$2b$", ctypes.c_ulong(cost), os.urandom(16), 16)
    return library.crypt(password.encode(), setting).decode()


class Authority:
    """A CA of its own and what it signs, as files of a folder."""

    def __init__(self, folder, name="ca"):
        self.folder = folder
        self.name = name
        self.key = folder / f"{name}.key"
        self.cert = folder / f"{name}.crt"
        self._openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", self.key)
        self._openssl("req", "-x509", "-new", "-key", self.key, "-subj", f"/CN=test {name}", "-days", "2",
                      "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-out", self.cert)  # Python 3.13 insists

    @staticmethod
    def _openssl(*arguments):
        done = run("openssl", *arguments)
        expect(done.returncode == 0, f"openssl {arguments}: {done.stderr}")

    def issue(self, name, names="DNS:localhost,IP:127.0.0.1,IP:::1", usage="serverAuth", rsa=False):
        """(certificate, key) in PEM."""
        key, request, cert, extensions = (self.folder / f"{name}.{end}" for end in ("key", "csr", "crt", "ext"))
        if rsa:
            self._openssl("genrsa", "-out", key, "2048")
        else:
            self._openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
        key.chmod(0o600)
        self._openssl("req", "-new", "-key", key, "-subj", f"/CN={name}", "-out", request)
        extensions.write_text(f"subjectAltName={names}\nextendedKeyUsage={usage}\nauthorityKeyIdentifier=keyid\n")
        self._openssl("x509", "-req", "-in", request, "-CA", self.cert, "-CAkey", self.key, "-CAcreateserial",
                      "-days", "2", "-extfile", extensions, "-out", cert)
        return cert, key


def free_port(family=socket.AF_INET, host="127.0.0.1"):
    with socket.socket(family) as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


def has_ipv6():
    try:
        free_port(socket.AF_INET6, "::1")
        return True
    except OSError:
        return False


class Program:
    """A program under test with its log in a file. A context: it has ended when that is left."""

    def __init__(self, command, log):
        self.log_file = log
        with open(log, "ab") as out:
            # pylint: disable=consider-using-with
            self.process = subprocess.Popen([str(word) for word in command], stdout=out, stderr=out,
                                            stdin=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def log(self):
        return self.log_file.read_text(errors="replace")

    def wait_for_log(self, words, seconds=10, times=1):
        until = time.monotonic() + seconds
        while self.log().count(words) < times:
            expect(self.process.poll() is None, f"it ended with {self.process.returncode}:\n{self.log()}")
            expect(time.monotonic() < until, f"the log does not say {words!r} within {seconds} s:\n{self.log()[-2000:]}")
            time.sleep(0.05)


@contextlib.contextmanager
def folder(prefix):
    with tempfile.TemporaryDirectory(prefix=f"piman-{prefix}.") as name:
        yield pathlib.Path(name)


def curl(url, *arguments, seconds=10):
    """(status, body or words): status 0 when there was no HTTP answer."""
    done = run("curl", "-sS", "-m", seconds, "-o", "-", "-w", "\n%{http_code}", *arguments, url, seconds=seconds + 5)
    body, _, status = done.stdout.rpartition("\n")
    return int(status or 0), body if int(status or 0) else done.stderr.strip()


def s_client(port, *arguments, host="127.0.0.1", seconds=10):
    """What `openssl s_client` says of a handshake."""
    done = run("openssl", "s_client", "-connect", f"{host}:{port}", *arguments, text="Q\n", seconds=seconds)
    return done.stdout + done.stderr


def replace(path, text):
    """As an editor does: whole or not at all."""
    fresh = path.with_suffix(path.suffix + ".new")
    fresh.write_text(text)
    fresh.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o600)
    os.replace(fresh, path)


def raw_context(ca):
    context = ssl.create_default_context(cafile=str(ca))
    context.check_hostname = False
    return context
