-- Who has approved an action: some need the word of several people before they run.

create table approvals (
    action_id    uuid not null,
    who          text not null,              -- a person's id in oncall.yaml, or whatever name was given
    name         text not null,              -- what people call them
    at           timestamptz not null,
    primary key (action_id, who)
);
create index approvals_at on approvals (at);
