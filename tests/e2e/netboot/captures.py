# SPDX-License-Identifier: Apache-2.0
"""What Wireshark's dissectors, which are not ours, say of the packets that a server sent."""
import collections
import dataclasses
import ipaddress

from lab import Failure, call, expect

CHECKSUMS = ["-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE"]
# Errors and malformed packets of any protocol; warnings of those that are ours. 3 is "no checksum", which is allowed.
BAD = ("_ws.malformed || _ws.expert.severity >= 0x800000 || ip.checksum.status == 0 || udp.checksum.status == 0 || "
       "((dhcp || tftp) && _ws.expert.severity >= 0x600000)")
LEAST_DHCP_BYTES = 300  # RFC 1542 section 2.1: some relays and clients drop shorter ones
DISCOVER, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE, INFORM = range(1, 9)


def tshark(capture, display_filter, *words):
    return call("tshark", "-n", "-r", capture, *CHECKSUMS, "-Y", display_filter, *words, seconds=90)


def find_bad(capture, whose):
    """One line for each packet of this display filter that a dissector finds fault with. A TFTP error is none."""
    text = tshark(capture, f"({whose}) && ({BAD}) && !(tftp.opcode == 5)", "-T", "fields", "-e", "frame.number",
                  "-e", "_ws.col.Protocol", "-e", "_ws.col.Info", "-e", "_ws.expert.message")
    return text.splitlines()


@dataclasses.dataclass
class Message:
    """A DHCP message as tshark reads it."""
    time: float
    source: str
    target: str
    ports: tuple
    type: int
    xid: str
    mac: str
    yiaddr: str
    ciaddr: str
    giaddr: str
    length: int
    ether_target: str
    options: list


FIELDS = ["frame.time_relative", "ip.src", "ip.dst", "udp.srcport", "udp.dstport", "dhcp.option.dhcp", "dhcp.id",
          "dhcp.hw.mac_addr", "dhcp.ip.your", "dhcp.ip.client", "dhcp.ip.relay", "udp.length", "eth.dst",
          "udp.payload"]


def option_codes(payload):
    """In their order up to the end, which is the last one; pads are 0. Read by hand: tshark shows the end as a pad."""
    codes, at = [], 240
    while at < len(payload):
        code = payload[at]
        codes.append(code)
        if code == 255:
            return codes
        at += 1 if code == 0 else 2 + (payload[at + 1] if at + 1 < len(payload) else 0)
    return codes


def dhcp_messages(capture):
    words = ["-T", "fields", "-E", "occurrence=a", "-E", "aggregator=,", "-E", "separator=|"]
    for field in FIELDS:
        words += ["-e", field]
    found = []
    for line in tshark(capture, "dhcp.option.dhcp", *words).splitlines():
        # The first of several: an option that comes twice, a packet within an ICMP error.
        (time, source, target, source_port, target_port, kind, xid, mac, yiaddr, ciaddr, giaddr, length, ether_target,
         payload) = [cell.split(",")[0] for cell in line.split("|")]
        found.append(Message(float(time), source, target, (int(source_port), int(target_port)), int(kind), xid, mac, yiaddr,
                             ciaddr, giaddr, int(length) - 8, ether_target, option_codes(bytes.fromhex(payload))))
    return found


def check_server_packets(capture, server, least=1):
    """All that this server sent is well-formed. Returns words for the report."""
    bad = find_bad(capture, f"ip.src == {server}")
    expect(not bad, f"{len(bad)} packets of the server are malformed: {bad[:5]}")
    sent = tshark(capture, f"ip.src == {server} && (dhcp || tftp)", "-T", "fields", "-e", "_ws.col.Protocol").split()
    expect(len(sent) >= least, f"only {len(sent)} packets of the server were captured")
    counts = collections.Counter(sent)
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) + " packets of the server well-formed"


def check_replies(messages, server, reservations, pools=(), bound_by_offer=()):
    """Every OFFER and ACK is what a client may get, and no two clients hold one address at a time. An OFFER to one of
    `bound_by_offer` (MACs) makes it a holder: old Pis take it without a word."""
    holders = {}
    ranges = [[ipaddress.ip_address(end) for end in pool.split("-")] for pool in pools]
    for message in messages:
        address = message.yiaddr
        if message.source != server:
            if message.type in (RELEASE, DECLINE):
                holders = {held: mac for held, mac in holders.items() if mac != message.mac}
            continue
        words = f"{message.type} to {message.mac} at {message.time:.3f} s"
        expect(message.length >= LEAST_DHCP_BYTES, f"{words} has {message.length} bytes")
        # Between options, where early Pi 4 bootloaders stop reading.
        expect(message.options[-1] == 255 and 0 not in message.options, f"{words}: options {message.options}")
        expect(54 in message.options, f"{words} does not say from which server it is")
        if message.type not in (OFFER, ACK) or address == "0.0.0.0":
            continue
        if message.mac in reservations:
            expect(address == reservations[message.mac], f"{words}: {address}, reserved is {reservations[message.mac]}")
        else:
            expect(any(first <= ipaddress.ip_address(address) <= last for first, last in ranges),
                   f"{words}: {address} is in no pool")
            expect(address not in reservations.values(), f"{words}: {address} is reserved for somebody else")
        if message.type == ACK or message.mac in bound_by_offer:
            holder = holders.setdefault(address, message.mac)
            if holder != message.mac:
                raise Failure(f"{words}: {address} is held by {holder}")
    return f"{sum(1 for m in messages if m.source == server)} DHCP replies checked"
