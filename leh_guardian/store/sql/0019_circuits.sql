-- Circuits of cases, accounts and all work: guardian's record. The worker reads a copy, of which `published` is the version.
create table circuits (
    scope         text not null,
    key           text not null,
    state         text not null,
    version       bigint not null,
    tier          text,
    reason        text not null,
    actor         text not null,
    since         timestamptz not null,
    until         timestamptz,            -- when it moves on by itself
    opens         integer not null,
    verdict       text,
    allowance     bigint,                 -- tokens
    opened_at     timestamptz,
    cleared_at    timestamptz,            -- use before it is accepted
    last_use_at   timestamptz,            -- while it was open
    asks          boolean not null default false,
    cause         uuid,                   -- the action that opened it last
    published     bigint not null default 0,
    told          bigint not null default 0,   -- the version that rules have heard of
    primary key (scope, key)
);
create index circuits_due on circuits (until) where until is not null;
create index circuits_unpublished on circuits (scope, key) where published < version;
create index circuits_untold on circuits (scope, key) where told < version;
create index circuits_active on circuits (state) where state <> 'closed';

-- When it was told last that a limit was crossed: while use goes on above it, it is not told with each event.
create table spend_alarms (
    scope    text not null,
    key      text not null,
    tier     text not null,
    told_at  timestamptz not null,
    primary key (scope, key, tier)
);
