-- Grain: at most one row, the look before this one with its study file, version and cut-off. Before
-- means an earlier cut-off, or the same and a lower number, as in previous_cut.
select look.number, look.version, definitions.study, cut.cutoff
from look
join cut on cut.id = look.cut
join definitions on definitions.sha256 = look.definitions_sha256
where look.number < $number and cut.cutoff <= $cutoff
order by cut.cutoff desc, look.number desc
limit 1;
