-- Grain: one row a treated subject and column that differs between the registered frames `before`
-- and `now` (subjects treated by two cut-offs); a new or deleted subject is one row.
with pairs as (
    select
        coalesce(now.subject, before.subject) as subject,
        case
            when before.subject is null then 'new' when now.subject is null then 'deleted'
            else 'edited'
        end as change,
        [
            {'name': 'arm', 'before': before.arm, 'now': now.arm},
            {
                'name': 'randomised', 'before': cast(before.randomised as varchar),
                'now': cast(now.randomised as varchar)
            },
            {
                'name': 'left', 'before': cast(before."left" as varchar),
                'now': cast(now."left" as varchar)
            },
            {
                'name': 'died', 'before': cast(before.died as varchar),
                'now': cast(now.died as varchar)
            }
        ] as cells
    from before full join now on now.subject = before.subject
),

cells as (select subject, unnest(cells) as cell from pairs where change = 'edited')

select
    'subject' as part, change, subject, cast(null as varchar) as "key",
    cast(null as varchar) as about, cast(null as varchar) as "column",
    cast(null as varchar) as before, cast(null as varchar) as now, cast(null as varchar) as move
from pairs where change <> 'edited'
union all
select
    'subject', 'edited', subject, null, null, cell.name, cell.before, cell.now,
    case when cell.before is null then 'recorded' when cell.now is null then 'not recorded' end
from cells where cell.before is distinct from cell.now
order by subject, "column";
