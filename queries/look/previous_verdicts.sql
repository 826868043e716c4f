-- Grain: one row a rule: its verdict at the look before this one. Before means an earlier cut-off,
-- or the same cut-off and a lower number, so that a look back in time does not see the future.
with before as (
    select look.number
    from look join cut on cut.id = look.cut
    where look.number < $number and cut.cutoff <= $cutoff
    order by cut.cutoff desc, look.number desc
    limit 1
)
select * exclude (look, scope)
from verdict
where scope = $scope and look = (select number from before)
order by "rule";
