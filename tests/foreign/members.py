"""members.py BROKERS GROUP: prints how many members a group has that is not in a rebalance, and 0 while it is in one."""

import sys

from confluent_kafka import ConsumerGroupState
from confluent_kafka.admin import AdminClient

brokers, group = sys.argv[1:]
admin = AdminClient({"bootstrap.servers": brokers})
answer = admin.describe_consumer_groups([group])
found = answer[group].result(timeout=30)
print(len(found.members) if found.state == ConsumerGroupState.STABLE else 0)
