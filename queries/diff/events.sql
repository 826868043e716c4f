-- Grain: one row an event record and column that differs between the registered frames `before` and
-- `now` (the records known at two cuts); a new or deleted record is one row without a column.
-- `move` says which way, where that can be said.
with pairs as (
    select
        coalesce(now.subject, before.subject) as subject,
        coalesce(now."key", before."key") as "key",
        coalesce(now.pt, before.pt) as about,
        case
            when before.subject is null then 'new' when now.subject is null then 'deleted'
            else 'edited'
        end as change,
        [
            {'name': 'preferred term', 'before': before.pt, 'now': now.pt, 'move': null},
            {'name': 'reported term', 'before': before.term, 'now': now.term, 'move': null},
            {'name': 'system organ class', 'before': before.soc, 'now': now.soc, 'move': null},
            {
                'name': 'onset', 'before': before.onset_recorded, 'now': now.onset_recorded,
                'move': case
                    when now.onset_low < before.onset_low then 'earlier'
                    when now.onset_low > before.onset_low then 'later'
                end
            },
            {'name': 'end', 'before': before.end_recorded, 'now': now.end_recorded, 'move': null},
            {
                'name': 'severity', 'before': before.severity, 'now': now.severity,
                'move': case sign(
                        list_position(['mild', 'moderate', 'severe'], now.severity)
                        - list_position(['mild', 'moderate', 'severe'], before.severity)
                    ) when 1 then 'worse' when -1 then 'milder' end
            },
            {'name': 'outcome', 'before': before.outcome, 'now': now.outcome, 'move': null},
            {'name': 'action', 'before': before."action", 'now': now."action", 'move': null},
            {
                'name': 'data entry', 'before': cast(before.reported as varchar),
                'now': cast(now.reported as varchar), 'move': null
            }
        ] as texts,
        [
            {'name': 'serious', 'before': before.serious, 'now': now.serious},
            {'name': 'related', 'before': before.related, 'now': now.related},
            {'name': 'fatal', 'before': before.fatal, 'now': now.fatal},
            {
                'name': 'led to discontinuation',
                'before': before.withdrawn, 'now': now.withdrawn
            },
            {
                'name': 'treatment-emergent flag',
                'before': before.emergent_flag, 'now': now.emergent_flag
            }
        ] as flags
    from before full join now on now.subject = before.subject and now."key" = before."key"
),

texts as (
    select subject, "key", about, unnest(texts) as cell from pairs where change = 'edited'
),

flags as (
    select subject, "key", about, unnest(flags) as cell from pairs where change = 'edited'
),

words as (
    select
        subject, "key", about, cell.name as name,
        case cell.before when true then 'yes' when false then 'no' else 'not recorded' end as before,
        case cell.now when true then 'yes' when false then 'no' else 'not recorded' end as now
    from flags
)

select
    'event' as part, change, subject, "key", about, cast(null as varchar) as "column",
    cast(null as varchar) as before, cast(null as varchar) as now, cast(null as varchar) as move
from pairs where change <> 'edited'
union all
select
    'event', 'edited', subject, "key", about, cell.name, cell.before, cell.now,
    cast(cell.move as varchar)
from texts where cell.before is distinct from cell.now
union all
select 'event', 'edited', subject, "key", about, name, before, now, now
from words where before <> now
order by subject, "key", change, "column";
