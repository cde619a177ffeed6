-- What joint_moments lack, from the rows of unit_state: a difference to be added, as for moments. Of the experiment $1, or
-- (null) of all; of metrics that are whole, or ($2 false) of those that are not yet.
select experiment, metric, variant, epoch, cohort, max(revision) as revision, array_agg(total order by term) as sums
from (
    select experiment, metric, variant, epoch, cohort, term, max(revision) as revision, sum(total) as total
    from (
        select u.experiment, u.metric, u.variant, u.epoch, u.cohort, t.term, u.revision,
               u.vals[t.a] * coalesce(u.vals[t.b], 1) * coalesce(u.vals[t.c], 1) as total
        from unit_derivation u
        cross join lateral unnest(u.first, u.second, u.third) with ordinality t (a, b, c, term)
        where not u.sketch and u.whole = $2 and ($1::integer is null or u.experiment = $1) and 0 <> any (u.vals)
        union all
        select j.experiment, j.metric, j.variant, j.epoch, j.cohort, t.term, d.revision, -t.total
        from joint_moments j
        join derived_metric d on d.experiment = j.experiment and d.metric = j.metric and not d.sketch and d.whole = $2
        cross join lateral unnest(j.sums) with ordinality t (total, term)
        where $1::integer is null or j.experiment = $1
    ) b
    group by experiment, metric, variant, epoch, cohort, term
) d
group by experiment, metric, variant, epoch, cohort
having bool_or(total <> 0)
