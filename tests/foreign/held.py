"""held.py BROKERS: prints what a cluster holds as JSON: its topics, without the broker's own, and its groups."""

import json
import sys

from confluent_kafka.admin import AdminClient

admin = AdminClient({"bootstrap.servers": sys.argv[1]})
topics = [name for name in admin.list_topics(timeout=30).topics if not name.startswith("__")]
groups = [group.group_id for group in admin.list_consumer_groups(request_timeout=30).result().valid]
print(json.dumps({"topics": sorted(topics), "groups": sorted(groups)}))
