-- Grain: one row a subject, period, treatment and first day whose exposure differs between the
-- registered frames `before` and `now` (exposure with the treatment taken, at two cuts).
with old as (
    select subject, period, treatment, "start", max("end") as "end", count(*) as n
    from before group by subject, period, treatment, "start"
),

new as (
    select subject, period, treatment, "start", max("end") as "end", count(*) as n
    from now group by subject, period, treatment, "start"
)

select
    'exposure' as part,
    case
        when old.subject is null then 'new' when new.subject is null then 'deleted'
        else 'edited'
    end as change,
    coalesce(new.subject, old.subject) as subject,
    cast(coalesce(new."start", old."start") as varchar) as "key",
    coalesce(new.treatment, old.treatment) as about,
    case when old.subject is not null and new.subject is not null then 'last day' end as "column",
    cast(old."end" as varchar) as before,
    cast(new."end" as varchar) as now,
    case when new."end" < old."end" then 'earlier' when new."end" > old."end" then 'later' end
        as move
from old
full join new
    on new.subject = old.subject and new.period = old.period
    and new.treatment = old.treatment and new."start" = old."start"
where old.n is distinct from new.n or old."end" is distinct from new."end"
order by subject, "key", about;
