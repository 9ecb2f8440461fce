"""The way to the X-Ray daemon: one UDP socket for the life of the environment. It never raises, and never waits."""

import errno
import os
import re
import socket
import threading

from .guard import warn

# Datagrams that wait for the daemon's name to be looked up; more than an invocation makes while that goes on are not kept.
_MOST_WAITING = 100


DEFAULT_ADDRESS = "127.0.0.1:2000"


def daemon_address(text=None):
    """
    Where X-Ray's SDKs look for the daemon: `host:port`, or `udp:host:port tcp:host:port` in any order. An IPv6 address may stand in brackets.

    :param text: what the environment says, unless it is given; empty means the default
    """
    text = (os.environ.get("AWS_XRAY_DAEMON_ADDRESS", "") if text is None else text).strip()
    parts = text.split()
    for part in parts:
        if part[:4].lower() == "udp:":
            return part[len("udp:"):]
    if len(parts) == 1 and parts[0][:4].lower() == "tcp:" and parts[0].count(":") > 1:
        return parts[0][len("tcp:"):]
    return text or DEFAULT_ADDRESS


def host_and_port(address):
    """
    :return: None when it is no address
    """
    host, _, port = address.rpartition(":")
    # Without brackets an address of IPv6 has more than one colon.
    if host.startswith("[") != host.endswith("]") or host.count(":") == 1 or not re.fullmatch(r"[0-9]{1,5}", port, re.ASCII) or not 0 < int(port) < 65536:
        return None
    host = host.strip("[]")
    return (host, int(port)) if host and not re.search(r"[\s/@\[\]\0]", host) else None


class DaemonSocket:
    """
    A connected socket, for it learns of a daemon that is not there, which an unconnected one never does.
    """

    def __init__(self, address):
        self._address = address
        self._reported = False
        self._socket = None
        self._target = None  # (family, address) as the socket module has them
        self._waiting = []
        self._lock = threading.Lock()
        self._lookup(address)

    def send(self, datagram):
        """
        Sends a datagram before it returns, unless the daemon's name is still being looked up.

        :param datagram: bytes, at most 65,507
        :return: false when it is larger than the system takes; a missing daemon is only logged
        """
        if self._waiting is not None:
            with self._lock:
                if self._waiting is not None:
                    if len(self._waiting) < _MOST_WAITING:
                        self._waiting.append(datagram)
                    return True
        return self._target is None or self._deliver(datagram, True)

    def _lookup(self, address):
        found = host_and_port(address)
        if found is None:
            self._waiting = None
            self._report(ValueError("it is not host:port"))
            return
        # As bytes: Python would import what international names need.
        host, port = found[0].encode("utf-8", "replace"), found[1]
        try:
            self._found(socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST))
        except socket.gaierror:
            # A name: an answer, or none, may take seconds, and no handler is to wait for it.
            try:
                threading.Thread(target=self._lookup_name, args=(host, port), daemon=True).start()
            except RuntimeError:
                self._waiting = None
        except (OSError, ValueError) as error:
            self._waiting = None
            self._report(error)

    def _lookup_name(self, host, port):
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
        except (OSError, ValueError) as error:
            with self._lock:
                self._waiting = None
            self._report(error)
        else:
            self._found(found)

    def _found(self, addresses):
        family, _, _, _, address = addresses[0]
        self._target = (family, address)
        with self._lock:
            waiting, self._waiting = self._waiting, None
            for datagram in waiting:
                self._deliver(datagram, True)

    def _deliver(self, datagram, retry):
        try:
            if self._socket is None:
                family, address = self._target
                self._socket = socket.socket(family, socket.SOCK_DGRAM)
                self._socket.setblocking(False)
                self._socket.connect(address)
            self._socket.send(datagram)
            # On one machine the system knows already whether somebody has taken it.
            refused = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if refused:
                self._report(OSError(refused, os.strerror(refused)))
        except OSError as error:
            if error.errno == errno.EMSGSIZE:
                return False
            # What is refused is an earlier datagram: the system says so at the next one, and does not send that.
            if error.errno != errno.ECONNREFUSED and self._socket is not None:
                self._socket.close()
                self._socket = None
            if retry:
                return self._deliver(datagram, False)
            self._report(error)
        return True

    def _report(self, error):
        if not self._reported:
            self._reported = True
            warn(f"the X-Ray daemon at {self._address} cannot be reached ({error}); the function runs on without traces")
