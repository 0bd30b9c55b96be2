"""What holds for every test: a property is judged by its answer, never by how busy the machine was."""

from hypothesis import HealthCheck, settings

settings.register_profile("muniment", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("muniment")
