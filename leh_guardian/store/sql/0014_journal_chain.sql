-- The journal's lines of each incident as a chain of hashes, made over committed lines by a service of its own (docs/adr/0014).

create table journal_chain (
    position     bigint generated always as identity primary key,   -- the order in which lines were chained
    journal_id   bigint not null unique,
    incident_id  uuid not null,
    at           timestamptz not null,       -- the line's, for retention
    hash         bytea not null
);
create index journal_chain_incident on journal_chain (incident_id, position);

create table journal_chain_ends (            -- the last link of what retention has dropped of a chain
    incident_id  uuid primary key,
    position     bigint not null,
    hash         bytea not null
);

create table journal_roots (                 -- one hash a day over every link of that day and the root before
    day       date primary key,
    position  bigint not null,               -- the last link in it
    root      bytea not null,
    made_at   timestamptz not null
);
