-- Grain: one row what became of a due time, after a sequence number, oldest first. `raised` is
-- whether its look newly raised a signal: closed.
select
    due.seq, due.cause, due.due_at, due.outcome, due.look, due.late, due.stale, due.reason,
    due.recorded_at, look.run_at,
    exists (
        select 1 from verdict
        where verdict.verdict = 'raised' and verdict.since_look = verdict.look
            and verdict.look <= due.look
            and verdict.look > coalesce((
                select max(earlier.look) from due as earlier where earlier.seq < due.seq
            ), 0)
    ) as raised
from due
left join look on look.number = due.look
where due.seq > $seq
order by due.seq;
