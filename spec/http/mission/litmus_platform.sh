docker compose up --build

python3 scripts/smoke_self_serve.py --base-url http://localhost:8000

python3 scripts/smoke_self_serve.py --base-url http://localhost:8000 --token <admin-token>

python3 scripts/live_bandit_simulation.py --base-url http://localhost:8000
