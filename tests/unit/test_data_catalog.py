"""Names, sizes and addresses of the official sets."""

from __future__ import annotations

import pickle

import pytest

from medfast.data.anatomy import flips_of
from medfast.data.catalog import CATALOG, lookup
from medfast.errors import ConfigError


@pytest.mark.parametrize("name", ["breastmnist", "BreastMNIST", "BREASTMNIST"])
def test_a_name_is_known_in_any_case(name: str) -> None:
    assert lookup(name) is CATALOG["breastmnist"]


@pytest.mark.parametrize(
    ("old", "flag"),
    [
        ("OrganMNIST_Axial", "organamnist"),
        ("organmnist_axial", "organamnist"),
        ("OrganMNISTAxial", "organamnist"),
        ("OrganMNIST_Coronal", "organcmnist"),
        ("organmnist_coronal", "organcmnist"),
        ("OrganMNISTCoronal", "organcmnist"),
        ("OrganMNIST_Sagittal", "organsmnist"),
        ("organmnist_sagittal", "organsmnist"),
        ("OrganMNISTSagittal", "organsmnist"),
    ],
)
def test_the_names_of_v1_lead_to_v2_with_a_warning(old: str, flag: str) -> None:
    info = lookup(old)
    assert info.flag == flag
    assert info.note is not None
    assert "scores on v1 and v2 do not compare" in info.note


def test_only_renamed_sets_have_a_note() -> None:
    assert {info.flag for info in CATALOG.values() if info.note} == {
        info.flag for info in CATALOG.values() if info.aliases
    }


def test_no_name_means_two_sets() -> None:
    names = [
        name.casefold()
        for info in CATALOG.values()
        for name in {info.flag, info.class_name.casefold(), *map(str.casefold, info.aliases)}
    ]
    assert len(names) == len(set(names))


def test_an_unknown_name_proposes_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"'BrestMNIST'; did you mean 'breastmnist'\?"):
        lookup("BrestMNIST")
    with pytest.raises(ConfigError, match=r"did you mean 'digits'\?"):
        lookup("digit", also=["digits"])


def test_an_unknown_size_lists_the_sizes() -> None:
    with pytest.raises(ConfigError, match="BreastMNIST has no size 32; its sizes are 28, 64, 1"):
        lookup("breastmnist").file_name(32)
    with pytest.raises(ConfigError, match="NoduleMNIST3D has no size 224; its sizes are 28, 64"):
        lookup("nodulemnist3d").url(224)


@pytest.mark.parametrize("info", CATALOG.values(), ids=CATALOG)
def test_mean_and_std_come_together_and_per_channel(info) -> None:  # type: ignore[no-untyped-def]
    assert (info.mean is None) == (info.std is None)
    if info.mean is not None:
        assert len(info.mean) == len(info.std) == info.channels


def test_an_entry_survives_pickling_and_hashing() -> None:
    info = lookup("breastmnist")
    assert pickle.loads(pickle.dumps(info)) == info  # noqa: S301
    assert len({*CATALOG.values()}) == 18


def test_flips_are_stated_for_every_set_of_images() -> None:
    for flag, info in CATALOG.items():
        flips = flips_of(flag)
        assert (flips is None) == info.is_3d, flag
        if flips is not None and any("left" in name for name in info.label_names):
            assert not flips.horizontal, flag
