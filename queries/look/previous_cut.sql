-- Grain: at most one row, the cut of the look before: an earlier cut-off, or the same and a lower
-- number, so that a look back in time does not see the future.
select look.cut, cut.cutoff
from look join cut on cut.id = look.cut
where look.number < $number and cut.cutoff <= $cutoff
order by cut.cutoff desc, look.number desc
limit 1;
