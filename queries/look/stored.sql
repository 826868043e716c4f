-- Grain: at most one row, a look with all that it was made of, and what it said.
select
    look.number, look.run_at, look.definitions_sha256, look.versions, look.cut, cut.extract,
    cut.cutoff, extract.reading, definitions.study, presented.title, presented.data_until,
    presented.as_of, presented.closed_sha256, presented.open_sha256
from look
join cut on cut.id = look.cut
join extract on extract.id = cut.extract
join definitions on definitions.sha256 = look.definitions_sha256
join presented on presented.look = look.number
where look.number = $number;
