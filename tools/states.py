# SPDX-License-Identifier: ISC
"""Pairs of TCP states: which a connection's two ends can be in at once, and which were seen.

The model is RFC 9293 figure 5 twice, over a network that loses, delays and repeats at will: what an
end has ever said, the other may hear now, later or never. The one end connects, the other listens
or connects too. Either may be broken off at any time and does not come back. So CLOSED stands for
an end that is not there yet or no more; LISTEN is no state of a connection.
"""

import collections

SYN, ACK, FIN, FIN_ACK, RST = "SYN", "ACK", "FIN", "FIN-ACK", "RST"  # what can be said
LAST = "LAST"  # a FIN that acknowledges the other's: LAST-ACK says both at once
BEGUN = "begun"  # ... and what an end knows about itself: it is not to begin again


def closing(state, said, heard):
    """Steps of an established end towards its close."""
    if state == "ESTABLISHED":
        yield "FIN-WAIT-1", said | {FIN}
    if state == "CLOSE-WAIT":
        yield "LAST-ACK", said | {LAST}
    after_fin = {"ESTABLISHED": "CLOSE-WAIT", "FIN-WAIT-1": "CLOSING", "FIN-WAIT-2": "TIME-WAIT"}
    if state in after_fin and FIN in heard:
        yield after_fin[state], said | {FIN_ACK}
    after_ack = {"FIN-WAIT-1": "FIN-WAIT-2", "CLOSING": "TIME-WAIT", "LAST-ACK": "CLOSED"}
    if state in after_ack and (FIN_ACK in heard or LAST in heard):
        yield after_ack[state], said
        if state == "LAST-ACK":
            yield "TIME-WAIT", said  # it came by a cookie, which might be answered once more
    if state == "FIN-WAIT-2" and LAST in heard:
        yield "TIME-WAIT", said | {FIN_ACK}


def steps(state, said, heard):
    """What may become of an end that has said `said`, when `heard` was said by the other."""
    if state == "CLOSED":
        if BEGUN not in said:
            yield "SYN-SENT", said | {SYN, BEGUN}
            if SYN in heard:
                yield "SYN-RECEIVED", said | {SYN, ACK, BEGUN}
        return
    yield "CLOSED", said | {RST}  # broken off by its user or by time
    if RST in heard or state == "TIME-WAIT":
        yield "CLOSED", said
    if state == "SYN-SENT" and SYN in heard:
        yield "SYN-RECEIVED", said | {ACK}
        if ACK in heard:
            yield "ESTABLISHED", said | {ACK}
    if state == "SYN-RECEIVED" and ACK in heard:
        yield "ESTABLISHED", said
        yield "FIN-WAIT-1", said | {FIN}  # closed meanwhile
    yield from closing(state, said, heard)


def reachable():
    """Returns {(state of the end that connects, state of the other)}, without CLOSED/CLOSED, and
    the transitions {(from, to)} on the ways there."""
    none = frozenset()
    first = ("SYN-SENT", frozenset({SYN, BEGUN}), "CLOSED", none)
    seen, todo, moves = {first}, collections.deque([first]), {("CLOSED", "SYN-SENT")}
    while todo:
        a, a_said, b, b_said = todo.popleft()
        after = [(*step, b, b_said) for step in steps(a, a_said, b_said)]
        moves |= {(a, world[0]) for world in after}
        others = [(a, a_said, *step) for step in steps(b, b_said, a_said)]
        moves |= {(b, world[2]) for world in others}
        for world in after + others:
            if world not in seen:
                seen.add(world)
                todo.append(world)
    return {(a, b) for a, _, b, _ in seen} - {("CLOSED", "CLOSED")}, moves


def read(text, what, into):
    """Add the counts of a program's lines "# WHAT A: B=COUNT ..." to `into`."""
    for line in text.splitlines():
        words = line.split()
        if words[:2] == ["#", what]:
            for word in words[3:]:
                other, count = word.split("=")
                into[words[2].rstrip(":"), other] += int(count)


def names(pairs):
    return ", ".join("/".join(pair) for pair in sorted(pairs)) or "none"


def report(pairs, moves):
    """Returns what to say of what was seen, and the percentage of reachable pairs."""
    can, can_move = reachable()
    lines = []
    for what, possible, seen in (("pairs of states", can, set(pairs)),
                                 ("transitions", can_move, set(moves))):
        lines.append(f"{what}: {len(possible & seen)} of {len(possible)} that can be reached; "
                     f"not seen: {names(possible - seen)}")
        lines.append(f"    beyond the model, by old duplicates: {names(seen - possible)}")
    return lines, 100 * len(can & set(pairs)) / len(can)
