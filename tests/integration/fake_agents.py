# SPDX-License-Identifier: Apache-2.0
"""Agents that behave as a test wants, each on an address of its own, in one asyncio loop.

As a program (python3 fake_agents.py PLAN.json): serves what the plan says, prints "ready", and at the end of its standard
input prints when each address was asked for /metrics.
"""
import asyncio
import gzip
import json
import os
import random
import socket
import sys
import time

GOOD_EVENTS = b'{"time":1700000000,"cpu_percent":12.5,"memory_percent":40,"disk_percent":30,"num_pids":99,"temp":50}\n'


def page_of(template):
    """The page of a machine whose clock is right."""
    lines = [line for line in template.splitlines(True) if not line.startswith(b"node_time_seconds ")]
    return b"".join(lines) + b"node_time_seconds %.6f\n" % time.time()


def head(length, kind=b"text/plain; version=0.0.4", more=b""):
    return b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\n%sContent-Length: %d\r\n\r\n" % (kind, more, length)


async def serve_well(reader, writer, request, template):
    if request.startswith(b"GET /events"):
        writer.write(head(len(GOOD_EVENTS), b"application/json") + GOOD_EVENTS)
    elif b"gzip" in request:
        body = gzip.compress(page_of(template), 1)
        writer.write(head(len(body), more=b"Content-Encoding: gzip\r\n") + body)
    else:
        body = page_of(template)
        writer.write(head(len(body)) + body)
    await writer.drain()
    return True


async def hang(reader, writer, request, template):
    await asyncio.sleep(3600)


async def drip(reader, writer, request, template):
    writer.write(head(100_000))
    for byte in page_of(template):
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.1)


async def binary_page(reader, writer, request, template):
    body = random.Random(1).randbytes(5000)
    writer.write(head(len(body)) + body)
    await writer.drain()
    return True


async def no_http(reader, writer, request, template):
    writer.write(random.Random(2).randbytes(5000))
    await writer.drain()


async def html(reader, writer, request, template):
    body = b"<!DOCTYPE html>\n<html><body>It works!</body></html>\n"
    writer.write(head(len(body), b"text/html") + body)
    await writer.drain()
    return True


async def many_samples(reader, writer, request, template):
    """100 MB of good lines."""
    writer.write(head(100_000_000))
    number = 0
    for _ in range(1000):
        lines = b"".join(b'filler{n="%09d"} 1\n' % (number + i) for i in range(5000))
        number += 5000
        writer.write(lines)
        await writer.drain()


async def many_bytes(reader, writer, request, template):
    """100 MB without a sample."""
    writer.write(head(100_000_000))
    for _ in range(1000):
        writer.write((b"# " + b"x" * 97 + b"\n") * 1000)
        await writer.drain()


async def bomb(reader, writer, request, template):
    """100 MB in 100 KB."""
    writer.write(head(len(bomb.body), more=b"Content-Encoding: gzip\r\n") + bomb.body)
    await writer.drain()
    return True


bomb.body = gzip.compress((b"# " + b"x" * 97 + b"\n") * 1_000_000, 9)

KINDS = {function.__name__: function
         for function in (serve_well, hang, drip, binary_page, no_http, html, many_samples, many_bytes, bomb)}


class Fleet:
    def __init__(self, template):
        self.template, self.asked, self.servers = template, {}, {}

    async def add(self, address, port, kind):
        function = KINDS[kind]

        async def on_connection(reader, writer):
            try:
                while True:
                    request = await reader.readuntil(b"\r\n\r\n")
                    if request.startswith(b"GET /metrics"):
                        self.asked.setdefault(address, []).append(time.monotonic())
                    if not await function(reader, writer, request, self.template):
                        break
            except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                pass
            finally:
                writer.close()

        self.servers[address] = await asyncio.start_server(on_connection, address, port)

    def silence(self, address, port):
        """A host that is there, whose agent's queue of connections is full: the kernel drops what comes."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex((address, port))
        self.servers[address] = (listener, fillers)


async def main():
    plan = json.load(open(sys.argv[1], encoding="utf-8"))
    with open(plan["page"], "rb") as page:
        fleet = Fleet(page.read())
    for address, kind in plan["agents"].items():
        if kind == "silent":
            fleet.silence(address, plan["port"])
        elif kind != "refuse":
            await fleet.add(address, plan["port"], kind)
    print("ready", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    print(json.dumps(fleet.asked), flush=True)
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main())
