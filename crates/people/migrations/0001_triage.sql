-- Numbers that are handed out one by one, without gaps: the row is locked until the transaction that took one ends.
CREATE TABLE counters (name TEXT PRIMARY KEY, value BIGINT NOT NULL);
INSERT INTO counters (name, value) VALUES ('change', 0);

-- What stands of each alert. An alert without a row is new, at version 0. Empty text: nobody, nothing.
CREATE TABLE triage (
    alert TEXT PRIMARY KEY,
    version BIGINT NOT NULL,
    state TEXT NOT NULL,
    until_ms BIGINT NOT NULL,
    reason TEXT NOT NULL,
    assignee TEXT NOT NULL,
    changed_by TEXT NOT NULL,
    changed_ms BIGINT NOT NULL
);
CREATE INDEX triage_until ON triage (state, until_ms);

-- How each came to stand so, one row a version from 1.
CREATE TABLE transitions (
    alert TEXT NOT NULL,
    version BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    by_whom TEXT NOT NULL,
    from_state TEXT NOT NULL,
    from_assignee TEXT NOT NULL,
    to_state TEXT NOT NULL,
    to_assignee TEXT NOT NULL,
    PRIMARY KEY (alert, version)
);

CREATE TABLE notes (
    alert TEXT NOT NULL,
    number BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    by_whom TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (alert, number)
);

-- What each reader has seen of each alert.
CREATE TABLE seen (
    reader TEXT NOT NULL,
    alert TEXT NOT NULL,
    revision BIGINT NOT NULL,
    looked_ms BIGINT NOT NULL,
    PRIMARY KEY (reader, alert)
);

-- What changed, for other processes to poll.
CREATE TABLE changes (sequence BIGINT PRIMARY KEY, at_ms BIGINT NOT NULL, kind TEXT NOT NULL, object TEXT NOT NULL);
