"""The wine clustering behind the published numbers, shared by all tests."""

import pytest
from hypothesis import HealthCheck, settings

from neon import KMeans
from utils.data import load

settings.register_profile("any speed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any speed")


@pytest.fixture(scope="session")
def wine():
    return load("wine")


@pytest.fixture(scope="session")
def model(wine):
    return KMeans(3, init=wine.X[[66, 75, 54]], n_init=1).fit(wine.X)


@pytest.fixture(scope="session")
def digits():
    return load("digits")
