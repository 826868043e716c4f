-- Grain: one row a look before this one, scope and rule: its verdict. Before means an earlier
-- cut-off, or the same and a lower number, so that a look back in time does not see the future.
select verdict.scope, verdict."rule", verdict.look, cut.cutoff, verdict.verdict
from verdict
join look on look.number = verdict.look
join cut on cut.id = look.cut
where look.number < $number and cut.cutoff <= $cutoff
order by cut.cutoff, verdict.look, verdict."rule";
