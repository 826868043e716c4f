-- Grain: one row, the latest cut-off of any look before this one, whatever it looked back from; null without one.
select max(cut.cutoff) as cutoff
from look join cut on cut.id = look.cut
where look.number < $number;
