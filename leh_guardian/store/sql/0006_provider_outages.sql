-- The newest outage of each AI provider: who looks and announces for all that wait, what was told, and until when redrives are held.
create table provider_outages (
    provider    text primary key,
    outage_id   uuid not null,
    phase       text not null check (phase in ('noticed', 'open', 'over')),
    owner       uuid,                         -- the action that looks; null when it gave up
    began_at    timestamptz not null,
    looked_at   timestamptz not null,
    hold_until  timestamptz not null,
    ended_at    timestamptz,
    facts       json not null,
    told        json not null,
    version     bigint not null               -- a write that does not follow the newest version is refused
);
