-- Who may do what: keys of programs, sessions of people, sign-ins under way. Of a secret only its SHA-256 is kept.
CREATE TABLE api_keys (
    id TEXT PRIMARY KEY,
    hash TEXT NOT NULL,
    name TEXT NOT NULL,
    roles TEXT NOT NULL,
    marking TEXT NOT NULL,
    organisations TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    revoked_by TEXT NOT NULL,
    revoked_ms BIGINT NOT NULL,
    used_ms BIGINT NOT NULL
);

CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    subject TEXT NOT NULL,
    roles TEXT NOT NULL,
    marking TEXT NOT NULL,
    organisations TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    idle_ms BIGINT NOT NULL,
    used_ms BIGINT NOT NULL
);
CREATE INDEX sessions_subject ON sessions (subject, created_ms);
CREATE INDEX sessions_expires ON sessions (expires_ms);

CREATE TABLE logins (
    hash TEXT PRIMARY KEY,
    nonce TEXT NOT NULL,
    verifier TEXT NOT NULL,
    return_to TEXT NOT NULL,
    expires_ms BIGINT NOT NULL
);
INSERT INTO counters (name, value) VALUES ('login', 0);
CREATE INDEX logins_expires ON logins (expires_ms);

CREATE TABLE views (
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    filters TEXT NOT NULL,
    changed_ms BIGINT NOT NULL,
    PRIMARY KEY (owner, name)
);

-- What was done, each entry bound to the one before by its hash; and how far that goes, where a cut tail shows.
CREATE TABLE audit (
    sequence BIGINT PRIMARY KEY,
    at_ms BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    detail TEXT NOT NULL,
    hash TEXT NOT NULL
);
CREATE TABLE audit_head (id BIGINT PRIMARY KEY, entries BIGINT NOT NULL, hash TEXT NOT NULL);
INSERT INTO audit_head (id, entries, hash)
VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');
