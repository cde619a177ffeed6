-- What moments lack, from the rows of unit_state: a difference to be added. It holds at any later time too, because the
-- fold only ever adds.
select experiment, variant, epoch, cohort, metric, span, sum(n)::bigint as n, sum(s1) as s1, sum(s2) as s2, sum(s3) as s3,
       sum(x1) as x1, sum(x2) as x2, sum(xy) as xy
from (
    select u.experiment, u.variant, s.epoch_of as epoch, s.cohort_of as cohort, u.metric, s.span, u.n, u.s1, u.s2, u.s3, u.x1, u.x2, u.xy
    from (
        select experiment, variant, epoch, cohort, metric, sum(n) as n, sum(y) as s1, sum(y * y) as s2, sum(y * y * y) as s3,
               sum(x) as x1, sum(x * x) as x2, sum(x * y) as xy
        from unit_contribution
        group by experiment, variant, epoch, cohort, metric
    ) u
    cross join lateral moments_spans(u.epoch, u.cohort) s
    union all
    select experiment, variant, epoch, cohort, metric, span, -n, -s1, -s2, -s3, -x1, -x2, -xy
    from moments
) d
group by experiment, variant, epoch, cohort, metric, span
having sum(n) <> 0 or sum(s1) <> 0 or sum(s2) <> 0 or sum(s3) <> 0 or sum(x1) <> 0 or sum(x2) <> 0 or sum(xy) <> 0
