-- Grain: one row an adjudicated record and topic that differs between the registered frames `before`
-- and `now` (the adjudications of two cuts).
with pairs as (
    select
        coalesce(now.subject, before.subject) as subject,
        coalesce(now."key", before."key") as "key",
        coalesce(now.topic, before.topic) as topic,
        case
            when before.subject is null then 'new' when now.subject is null then 'deleted'
            else 'edited'
        end as change,
        case before.decision when true then 'yes' when false then 'no' end as before,
        case now.decision when true then 'yes' when false then 'no' end as now
    from before
    full join now
        on now.subject = before.subject and now."key" = before."key" and now.topic = before.topic
)

select
    'adjudication' as part, change, subject, "key", topic as about, topic as "column", before, now,
    now as move
from pairs where before is distinct from now
order by subject, "key", topic;
