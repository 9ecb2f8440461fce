"""Sends segment documents over UDP at a steady rate: sender.py <port> <count> <documents a second>. Prints the rate it reached."""
import json
import os
import socket
import sys
import time

port, count, rate = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
HEADER = b'{"format":"json","version":1}\n'
now = time.time()


def document(number):
    """A subsegment-free segment of about 500 bytes: one document is one span for the peer, so that both can be counted."""
    return HEADER + json.dumps({
        "trace_id": "1-%08x-%024x" % (int(now), number // 8), "id": "%016x" % (number + 1), "name": "xraystarter-ts", "origin": "AWS::Lambda::Function",
        "start_time": round(now + number / 1e4, 6), "end_time": round(now + number / 1e4 + 0.05, 6),
        "http": {"request": {"method": "POST", "url": "http://shop.example.com/orders/%d" % number}, "response": {"status": 200}},
        "aws": {"request_id": "%032x" % number, "account_id": "000000000000", "resource_names": ["xraystarter-ts"]},
        "annotations": {"tenant": "tenant-%d" % (number % 100), "size": number % 1000},
    }).encode()


try:
    os.nice(-15)  # where it may: the rate must not depend on what else the machine does
except PermissionError:
    pass
documents = [document(number) for number in range(count)]
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.connect(("127.0.0.1", port))
send = sock.send
start = time.perf_counter()
sent = 0
while sent < count:
    due = min(count, int((time.perf_counter() - start) * rate))
    while sent < due:
        send(documents[sent])
        sent += 1
    time.sleep(0.0005)
print(round(count / (time.perf_counter() - start)))
