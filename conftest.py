"""What holds for the tests of all packages."""

from hypothesis import HealthCheck, settings

# A property is held, however long a busy machine takes for an example of it.
settings.register_profile(
    "untimed",
    settings.get_profile(settings.get_current_profile_name()),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("untimed")
