-- What moments lack, from the rows of unit_state: a difference to be added. It holds at any later time too, because the
-- fold only ever adds.
select experiment, variant, epoch, cohort, metric, sum(n)::bigint as n, sum(s1) as s1, sum(s2) as s2, sum(s3) as s3,
       sum(x1) as x1, sum(x2) as x2, sum(xy) as xy
from (
    select experiment, variant, epoch, cohort, metric, n, y as s1, y * y as s2, y * y * y as s3, x as x1, x * x as x2, x * y as xy
    from unit_contribution
    union all
    select experiment, variant, epoch, cohort, metric, -n, -s1, -s2, -s3, -x1, -x2, -xy
    from moments
) d
group by experiment, variant, epoch, cohort, metric
having sum(n) <> 0 or sum(s1) <> 0 or sum(s2) <> 0 or sum(s3) <> 0 or sum(x1) <> 0 or sum(x2) <> 0 or sum(xy) <> 0
