"""A policy server for Postfix that counts: after so many unknown recipients in a session it calls everybody unknown.

    counting.py ADDRESS PORT LIMIT KNOWN...

The protocol is that of SMTPD_POLICY_README; a session is told by the client's address and port.
"""
import collections
import socketserver
import sys

ADDRESS, PORT, LIMIT, *KNOWN = sys.argv[1:]
UNKNOWN = collections.Counter()


class Policy(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        asked = {}
        for line in self.rfile:
            name, _, value = line.decode().rstrip("\n").partition("=")
            if name:
                asked[name] = value
                continue
            self.wfile.write(f"action={decide(asked)}\n\n".encode())
            asked = {}


def decide(asked: dict) -> str:
    session = asked["client_address"], asked["client_port"]
    recipient = asked["recipient"].lower()
    if UNKNOWN[session] >= int(LIMIT):
        # In the words that Postfix has for whom it does not know: nothing tells the two apart.
        return f"550 5.1.1 <{recipient}>: Recipient address rejected: User unknown in relay recipient table"
    UNKNOWN[session] += recipient.partition("@")[0] not in KNOWN
    return "DUNNO"


if __name__ == "__main__":
    socketserver.ThreadingTCPServer.daemon_threads = True
    with socketserver.ThreadingTCPServer((ADDRESS, int(PORT)), Policy) as server:
        server.serve_forever()
