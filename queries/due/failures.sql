-- Grain: one row a failed attempt at a due time or an arrival that is not settled since.
select failed.due_at, failed.recorded_at, failed.cause, failed.folder
from due as failed
where failed.outcome = 'failed'
    and failed.seq > (select coalesce(max(seq), 0) from due where outcome = 'look')
order by failed.seq;
