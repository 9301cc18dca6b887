-- What becomes of letters that went back: by whom, whose they are, and until when one that fails again would have returned.
alter table redriven_letters
    add column incident_id  uuid,
    add column evidence     text[] not null default '{}',
    add column cases        text[] not null default '{}',
    add column returns_at   timestamptz;
create index redriven_letters_incident on redriven_letters (incident_id) where incident_id is not null;

-- Where SQS says that a kept letter died: what Lambda put into a queue has no queue to go back to. And in which order they were
-- kept: letters of one FIFO group may be sent within one millisecond.
alter table quarantine
    add column source_arn  text,
    add column position    bigint generated always as identity;
create index quarantine_print on quarantine (queue, fingerprint) where status = 'kept';
