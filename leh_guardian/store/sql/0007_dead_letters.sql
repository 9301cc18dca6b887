-- Which dead letters went back, and when: one that dies again and again is not sent for ever. A letter that comes back has
-- another message id and the same payload.
create table redriven_letters (
    queue        text not null,             -- ARN of the dead-letter queue
    message_id   text not null,
    fingerprint  uuid not null,
    action_id    uuid not null,
    sent_at      timestamptz not null,
    primary key (queue, message_id)
);
create index redriven_letters_print on redriven_letters (queue, fingerprint);
create index redriven_letters_at on redriven_letters (sent_at);

-- Letters that are kept out of their queue until somebody decides, beyond any retention of SQS.
create table quarantine (
    id             uuid primary key,        -- made of queue and message id: a letter is kept once
    queue          text not null,
    message_id     text not null,
    fingerprint    uuid not null,
    incident_id    uuid,
    body           bytea not null,
    attributes     json not null,
    message_group  text,
    trace          text,
    sent_at        timestamptz,
    reason         text not null,
    error          text not null,
    evidence       text[] not null,
    cases          text[] not null,
    redrives       int not null,
    status         text not null default 'kept' check (status in ('kept', 'released', 'discarded')),
    kept_at        timestamptz not null,
    settled_at     timestamptz,
    settled_by     text
);
create index quarantine_kept on quarantine (kept_at) where status = 'kept';
create index quarantine_incident on quarantine (incident_id) where incident_id is not null;
