-- Grain: one row a look, by cut-off: `back` is whether an earlier look had a later cut-off.
select
    look.number, cut.cutoff,
    coalesce(max(cut.cutoff) over (
        order by look.number rows between unbounded preceding and 1 preceding
    ) > cut.cutoff, false) as back
from look
join cut on cut.id = look.cut
order by cut.cutoff, look.number;
