-- Grain: at most one row, the last look whose data had lost nothing: what later data are held to.
-- Data that only had not changed for too long had lost nothing.
select look.number, cut.extract, presented.data_until
from look
join cut on cut.id = look.cut
join presented on presented.look = look.number
where not exists (
    select 1 from staleness
    where staleness.look = look.number and staleness."check" in ($older, $fewer, $gone)
)
order by look.number desc
limit 1;
