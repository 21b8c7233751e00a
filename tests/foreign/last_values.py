"""last_values.py BROKERS TOPIC [--all] [--set NAME=VALUE]...

Reads a topic from its beginning to the end that stood when it began, committed records only, and prints the last value of each key as NDJSON:
{"partition", "offset", "key", "value", "headers"}, in the order of partition and offset. Bytes that are not UTF-8 are
printed as base64 under key_base64 and value_base64. A key whose last value is a tombstone is left out. With --all every
record is printed, tombstones with the value null. --set adds a setting of the client.

Transactions that are open when it begins are waited for: whoever writes to the same topic would otherwise hide what others
have committed behind them.
"""

import argparse
import base64
import json

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition

parser = argparse.ArgumentParser()
parser.add_argument("brokers")
parser.add_argument("topic")
parser.add_argument("--all", action="store_true")
parser.add_argument("--set", action="append", default=[])
args = parser.parse_args()

# As long as a producer that died may leave a transaction open, and more.
PATIENCE_S = 120


def client(isolation):
    settings = {
        "bootstrap.servers": args.brokers,
        "group.id": "last-values",
        "enable.auto.commit": False,
        "enable.partition.eof": True,
        "isolation.level": isolation,
        "fetch.message.max.bytes": 16 << 20,
    }
    return Consumer(settings | dict(setting.split("=", 1) for setting in args.set))


# A reader of committed records is told the end of what is decided; the end of what is written is what another is told.
consumer, writers = client("read_committed"), client("read_uncommitted")
topic = consumer.list_topics(args.topic, timeout=60).topics[args.topic]
if topic.error:
    raise SystemExit(f"topic {args.topic}: {topic.error}")
unread = {}
for partition in topic.partitions:
    unread[partition] = writers.get_watermark_offsets(TopicPartition(args.topic, partition), timeout=60)[1]
writers.close()
consumer.assign([TopicPartition(args.topic, partition, OFFSET_BEGINNING) for partition in unread])


def named(name, data):
    if data is None:
        return {name: None}
    try:
        return {name: data.decode()}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(data).decode()}


def row(message):
    headers = {name: (value or b"").decode(errors="replace") for name, value in message.headers() or []}
    place = {"partition": message.partition(), "offset": message.offset()}
    return place | named("key", message.key()) | named("value", message.value()) | {"headers": headers}


rows = {}
while unread:
    message = consumer.poll(PATIENCE_S)
    if message is None:
        raise SystemExit(f"topic {args.topic}: nothing came for {PATIENCE_S} s, unread up to {unread}")
    error = message.error()
    if error and error.code() == KafkaError._PARTITION_EOF:
        if message.offset() >= unread.get(message.partition(), 0):
            unread.pop(message.partition(), None)
    elif error:
        if not error.retriable():
            raise SystemExit(str(error))
    elif args.all:
        rows[message.partition(), message.offset()] = row(message)
    elif message.value() is None:
        rows.pop((message.partition(), message.key()), None)
    else:
        rows[message.partition(), message.key()] = row(message)
consumer.close()
for found in sorted(rows.values(), key=lambda found: (found["partition"], found["offset"])):
    print(json.dumps(found, ensure_ascii=False))
