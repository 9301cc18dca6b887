-- Whom an incident calls, and what went out to them.

alter table incidents add column number bigint generated always as identity;   -- what people call it: INC-1042
alter table incidents add column policy json;          -- as it was when the incident opened; null: nobody is to be called
alter table incidents add column escalation json;
alter table incidents add column began_at timestamptz;  -- when the present run began; null: when it was opened
create unique index incidents_number on incidents (number);
create index incidents_causes on incidents (rule_id, (escalation->>'cause')) where status <> 'resolved' and escalation is not null;
create index incidents_ended on incidents (rule_id, dedup_key, resolved_at) where status = 'resolved';

create table deliveries (                    -- one row for each message to people that its channel has taken
    action_id    uuid primary key,
    incident_id  uuid not null references incidents (id),
    target       text not null,              -- person:minsu, or channel:slack_ops
    channel      text not null,
    kind         text not null,
    title        text not null,
    sent_at      timestamptz not null,
    again        boolean not null,           -- it may have gone out before: a crash or a lost answer
    reference    text not null,              -- what the other side calls it
    thread       json not null,
    receipt      text not null default 'pending' check (receipt in ('pending', 'delivered', 'failed')),
    receipt_at   timestamptz
);
create index deliveries_pace on deliveries (target, channel, sent_at);
create index deliveries_incident on deliveries (incident_id, sent_at);
