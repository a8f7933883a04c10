"""One producer at a constant rate, one record in each request: how long each answer took, in microseconds.

Reads a JSON job from stdin: {"port", "rate", "seconds", "opening": [hex frames, each answered before the next], "frame":
hex} and prints {"p50", "p95", "p99", "sent", "rate"}. One thread sleeps in select until the next request is due or an
answer comes, with a timer slack of a microsecond, so it takes little of the core that it shares with the broker.
"""
import ctypes, json, select, socket, struct, sys, time

PR_SET_TIMERSLACK = 29
ctypes.CDLL(None).prctl(PR_SET_TIMERSLACK, 1000, 0, 0, 0)
job = json.load(sys.stdin)
s = socket.create_connection(("127.0.0.1", job["port"]))
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def exactly(n):
    data = b""
    while len(data) < n:
        more = s.recv(n - len(data))
        if not more:
            sys.exit("the connection was closed")
        data += more
    return data


for opening in job["opening"]:
    s.sendall(bytes.fromhex(opening))
    exactly(struct.unpack(">i", exactly(4))[0])

frame = bytes.fromhex(job["frame"])
total = job["rate"] * job["seconds"]
warm = total // 10
gap = 1_000_000_000 // job["rate"]
now = time.perf_counter_ns
sent_at = [0] * total
took = []
sent = answered = 0
rest = b""
begin = now()
due = begin
poller = select.epoll()
poller.register(s, select.EPOLLIN)
while answered < total:
    at = now()
    if sent < total and at >= due:
        sent_at[sent] = at
        s.sendall(frame)
        sent += 1
        due += gap
        continue
    if not poller.poll(max(0, due - now()) / 1e9 if sent < total else 30):
        if sent >= total:
            sys.exit("answers did not come")
        continue
    rest += s.recv(1 << 20)
    at = now()
    while len(rest) >= 4:
        size = 4 + struct.unpack_from(">i", rest)[0]
        if len(rest) < size:
            break
        rest = rest[size:]
        if answered >= warm:
            took.append((at - sent_at[answered]) / 1000)
        answered += 1
rate = total / ((now() - begin) / 1e9)
took.sort()
at = lambda q: round(took[min(len(took) - 1, int(len(took) * q))])
print(json.dumps({"p50": at(0.5), "p95": at(0.95), "p99": at(0.99), "sent": total, "rate": round(rate)}))
