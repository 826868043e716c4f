-- Grain: at most one row: the latest look, the latest date in its listings, and when its extract
-- was first read.
select look.number, cut.cutoff, look.run_at, presented.data_until, extract.read_at
from look
join cut on cut.id = look.cut
join extract on extract.id = cut.extract
join presented on presented.look = look.number
order by look.number desc
limit 1;
