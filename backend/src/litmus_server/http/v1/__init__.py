"""The canonical API: `control` for people and operators (FastAPI), `data` for services (lean ASGI)."""
