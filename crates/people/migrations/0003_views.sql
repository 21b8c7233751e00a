-- Views that may be shared within an organisation (empty: they are their owner's alone). No earlier version wrote any.
DROP TABLE views;
CREATE TABLE views (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    filters TEXT NOT NULL,
    organisation TEXT NOT NULL,
    marking TEXT NOT NULL,
    version BIGINT NOT NULL,
    changed_ms BIGINT NOT NULL,
    UNIQUE (owner, name)
);
CREATE INDEX views_organisation ON views (organisation, id);
INSERT INTO counters (name, value) VALUES ('view', 0);
