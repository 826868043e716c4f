-- Grain: one row a preferred term and group, with the first look not after this one that flagged it.
select flag.term, flag."group", cast(min(flag.since_look) as bigint) as since_look
from flag
join look on look.number = flag.look
join cut on cut.id = look.cut
where look.number < $number and cut.cutoff <= $cutoff
group by flag.term, flag."group"
order by flag.term, flag."group";
