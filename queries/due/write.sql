-- Grain: one row what became of a due time. Settling a due time twice breaks the table's key.
insert into due
select
    (select coalesce(max(seq), 0) from due) + row_number() over (order by due_at), cause, due_at,
    outcome, case when outcome = 'failed' then null else due_at end,
    (select count(*) from audit where "action" = 'clock'), look, late, stale, reason, folder,
    recorded_at
from rows;
