-- Grain: one row a look and rule, oldest look first: what each rule concluded, closed and pooled.
select
    verdict.look, cut.cutoff, verdict.scope, verdict."rule", verdict.topic, verdict."group",
    verdict."method", verdict.verdict, verdict."value", verdict."limit", verdict.since_look,
    verdict."text", verdict.reason
from verdict
join look on look.number = verdict.look
join cut on cut.id = look.cut
order by cut.cutoff, verdict.look, verdict."rule";
