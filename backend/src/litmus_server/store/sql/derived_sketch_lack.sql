-- What sketch lacks; as for joint_moments.
select experiment, metric, variant, bucket, max(revision) as revision, sum(n)::bigint as n
from (
    select experiment, metric, variant, bucket, revision, 1 as n
    from unit_derivation
    where sketch and bucket is not null and whole = $2 and ($1::integer is null or experiment = $1)
    union all
    select s.experiment, s.metric, s.variant, s.bucket, d.revision, -s.n
    from sketch s
    join derived_metric d on d.experiment = s.experiment and d.metric = s.metric and d.sketch and d.whole = $2
    where $1::integer is null or s.experiment = $1
) b
group by experiment, metric, variant, bucket
having sum(n) <> 0
