"""The way to the X-Ray daemon: one UDP socket for the life of the environment. It never raises, and never waits."""

import errno
import os
import socket
import sys
import threading

# Datagrams that wait for the daemon's name to be looked up; more than an invocation makes while that goes on are not kept.
_MOST_WAITING = 100


def daemon_address():
    """Where X-Ray's SDKs look for the daemon: `host:port`, or `udp:host:port tcp:host:port` in any order."""
    address = os.environ.get("AWS_XRAY_DAEMON_ADDRESS", "127.0.0.1:2000").strip()
    for part in address.split():
        if part.startswith("udp:"):
            address = part[len("udp:"):]
    return address


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
        :return: false when it is larger than the system takes; a daemon that is missing is nobody's concern but the log's
        """
        if self._waiting is not None:
            with self._lock:
                if self._waiting is not None:
                    if len(self._waiting) < _MOST_WAITING:
                        self._waiting.append(datagram)
                    return True
        return self._target is None or self._deliver(datagram, True)

    def _lookup(self, address):
        host, _, port = address.rpartition(":")
        # As bytes: Python would import what international names need.
        host = host.strip("[]").encode("utf-8")
        try:
            if not host or not 0 < int(port) < 65536:
                raise ValueError("it is not host:port")
            self._found(socket.getaddrinfo(host, int(port), type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST))
        except socket.gaierror:
            # A name: an answer, or none, may take seconds, and no handler is to wait for it.
            threading.Thread(target=self._lookup_name, args=(host, int(port)), daemon=True).start()
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
            print(
                f"cdk-traced-function: the X-Ray daemon at {self._address} cannot be reached ({error}); "
                "the function runs on without traces",
                file=sys.stderr,
            )
