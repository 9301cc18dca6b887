-- An action that was stopped half-way and now waits for approval keeps its serialize key: it has started and not ended.
drop index actions_serialized;
create unique index actions_serialized on actions (serialize_key)
    where status in ('running', 'waiting') or (status in ('scheduled', 'proposed') and attempt > 0);
