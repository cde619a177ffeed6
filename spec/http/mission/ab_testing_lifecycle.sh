# 1. Create experiment
curl -X POST http://localhost:8082/api/v1/experiments \
  -H "Content-Type: application/json" \
  -d '{
    "name": "recommendation_algo_test",
    "description": "Test new recommendation algorithm",
    "traffic_allocation": 1.0,
    "variants": [
      {"name": "baseline", "weight": 0.5, "config": {"algo": "v1"}},
      {"name": "new_algo", "weight": 0.5, "config": {"algo": "v2"}}
    ]
  }'

# Response: {"experiment_id": "..."}

# 2. Start experiment
curl -X PUT http://localhost:8082/api/v1/experiments/{id}/status \
  -H "Content-Type: application/json" \
  -d '{"status": "running"}'

# 3. Users get recommendations (automatic assignment and exposure tracking)
curl -X POST http://localhost:8082/api/v1/recommendations \
  -H "Content-Type: application/json" \
  -d '{"user_id": "..."}'

# 4. Record conversions when users watch content
curl -X POST http://localhost:8082/api/v1/experiments/conversions \
  -H "Content-Type: application/json" \
  -d '{
    "experiment_id": "...",
    "user_id": "...",
    "metric_name": "watch_completion",
    "value": 1.0
  }'

# 5. Check metrics
curl http://localhost:8082/api/v1/experiments/{id}/metrics

# 6. Complete experiment
curl -X PUT http://localhost:8082/api/v1/experiments/{id}/status \
  -H "Content-Type: application/json" \
  -d '{"status": "completed"}'
