docker compose up --build

python3 scripts/live_bandit_simulation.py --base-url http://localhost:8000

python3 scripts/live_bandit_simulation.py --base-url http://localhost:8000 --token <admin-token>

python3 scripts/live_bandit_simulation.py \
  --base-url http://localhost:8000 \
  --iterations 2500 \
  --report-every 25 \
  --convergence-win-prob 0.92 \
  --min-exposures-per-variant 80

curl -s -X POST http://localhost:8000/api/v1/experiments/<id>/stop \
  -H 'Content-Type: application/json' \
  -H 'Authorization: Bearer <admin-token>' \
  -d '{"actor":"tutorial.user","reason":"convergence reached"}'
