"""produce.py BROKERS TOPIC FILE [--base64] [--transaction | --abort] [--tombstones N]

Produces each line of a file that is not blank, keyed by its event_id where it has one, as somebody else's program would.
With --base64 a line is a key, a blank and the record's bytes in base64.
With --transaction in one transaction, after another that is aborted; with --abort in one that is aborted itself. With
--tombstones also so many messages without a value.
"""

import argparse
import base64
import json

from confluent_kafka import Producer

parser = argparse.ArgumentParser()
parser.add_argument("brokers")
parser.add_argument("topic")
parser.add_argument("file")
parser.add_argument("--base64", action="store_true")
parser.add_argument("--transaction", action="store_true")
parser.add_argument("--abort", action="store_true")
parser.add_argument("--tombstones", type=int, default=0)
args = parser.parse_args()

config = {
    "bootstrap.servers": args.brokers,
    "enable.idempotence": True,
    "compression.type": "zstd",
    "linger.ms": 20,
    "message.max.bytes": 16 << 20,
}
if args.transaction or args.abort:
    config["transactional.id"] = "somebody-else"
producer = Producer(config)
produced = failed = 0


def delivered(error, _message):
    global failed
    failed += error is not None


def produce(value, key):
    global produced
    while True:
        try:
            producer.produce(args.topic, value=value, key=key, on_delivery=delivered)
            break
        except BufferError:
            producer.poll(0.1)
    producer.poll(0)
    produced += 1


def key_of(line):
    try:
        return str(json.loads(line)["event_id"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


if args.transaction:
    producer.init_transactions(30)
    producer.begin_transaction()
    for n in range(100):
        produce(b"never committed", str(n))
    producer.flush(60)
    producer.abort_transaction(30)
    produced = failed = 0
    producer.begin_transaction()
if args.abort:
    producer.init_transactions(30)
    producer.begin_transaction()
with open(args.file, "rb") as lines:
    for line in lines:
        line = line.removesuffix(b"\n").removesuffix(b"\r")
        if args.base64:
            key, _, coded = line.partition(b" ")
            produce(base64.b64decode(coded, validate=True), key)
        elif line.strip(b" \t\r"):
            produce(line, key_of(line))
for n in range(args.tombstones):
    produce(None, f"tombstone-{n}")
left = producer.flush(60)
if args.transaction:
    producer.commit_transaction(30)
if args.abort:
    producer.abort_transaction(30)
if left or failed:
    raise SystemExit(f"{left} not delivered, {failed} failed")
print(produced)
