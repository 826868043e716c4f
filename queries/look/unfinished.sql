-- Grain: one row a look without a report that was not given up either, the oldest first.
select number
from look
where not exists (select 1 from report_file where report_file.look = look.number)
    and not exists (
        select 1 from audit
        where "action" = 'unreported' and about = cast(look.number as varchar)
    )
order by number;
