"""The facts of the 18 MedMNIST sets: what is in them, where they are, what their bytes hash to.

The facts are those of `medmnist.INFO` (version 3.0.2); ``mean`` and ``std`` were computed here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from medfast.errors import ConfigError, nearest
from medfast.task import Task

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, kw_only=True)
class DatasetInfo:
    """What is known of one official set without opening it.

    Attributes
    ----------
    flag : str
        The name in lower case, as in file names: ``"breastmnist"``.
    class_name : str
        The name of the `medmnist` class: ``"BreastMNIST"``.
    description : str
        What the images show, in one line.
    task : Task
        What the labels mean.
    label_names : tuple of str
        The name of each class, or of each label of a multi-label set, in order.
    channels : int
        1 (gray) or 3 (RGB).
    n_samples : mapping of str to int
        Number of images in ``"train"``, ``"val"`` and ``"test"``.
    md5 : mapping of int to str
        MD5 of the file of each size in pixels; its keys are the sizes on offer.
    license : str
        The licence of the images.
    is_3d : bool
        Whether an image is a volume of ``size ** 3`` voxels.
    mean, std : tuple of float, or None
        Mean and standard deviation of each channel over the 28-pixel train split, on the scale 0 to
        1; None where the file was not at hand.
    aliases : tuple of str
        Other names of the set.
    note : str or None
        What a user of those other names must know.
    record_url : str
        The record that holds the files.
    """

    flag: str
    class_name: str
    description: str
    task: Task
    label_names: tuple[str, ...]
    channels: int
    n_samples: Mapping[str, int] = field(hash=False)
    md5: Mapping[int, str] = field(hash=False)
    license: str = "CC BY 4.0"
    is_3d: bool = False
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    aliases: tuple[str, ...] = ()
    note: str | None = None
    record_url: str = "https://zenodo.org/records/10519652"

    @property
    def n_classes(self) -> int:
        """Number of classes, or of labels in a multi-label set."""
        return len(self.label_names)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Sizes on offer, in pixels."""
        return tuple(self.md5)

    def file_name(self, size: int) -> str:
        """Name of the file of one size: ``breastmnist.npz``, ``breastmnist_64.npz``.

        Parameters
        ----------
        size : int
            Height, width and, of a volume, depth in pixels.

        Raises
        ------
        ConfigError
            If the set has no such size.

        Examples
        --------
        >>> lookup("breastmnist").file_name(64)
        'breastmnist_64.npz'
        """
        if size not in self.md5:
            sizes = ", ".join(map(str, self.sizes))
            raise ConfigError(f"{self.class_name} has no size {size!r}; its sizes are {sizes}")
        return f"{file_stem(self.flag, size)}.npz"

    def url(self, size: int) -> str:
        """Address of the file of one size.

        Parameters
        ----------
        size : int
            Height, width and, of a volume, depth in pixels.

        Raises
        ------
        ConfigError
            If the set has no such size.
        """
        return f"{self.record_url}/files/{self.file_name(size)}?download=1"


def file_stem(flag: str, size: int) -> str:
    """Begin a file name as MedMNIST does: the flag, then the size unless it is 28.

    Parameters
    ----------
    flag : str
        Name of the set.
    size : int
        Size of its images in pixels.

    Examples
    --------
    >>> file_stem("breastmnist", 28), file_stem("breastmnist", 224)
    ('breastmnist', 'breastmnist_224')
    """
    return flag if size == 28 else f"{flag}_{size}"


def lookup(name: str, *, also: Iterable[str] = ()) -> DatasetInfo:
    """Find a set by its flag, its class name or one of its older names, in any case.

    Parameters
    ----------
    name : str
        The name.
    also : iterable of str
        Further names that the caller would have understood, for the hint.

    Raises
    ------
    ConfigError
        If no set has that name; the message proposes the nearest one.

    Examples
    --------
    >>> lookup("BreastMNIST").n_samples["train"]
    546
    >>> lookup("OrganMNIST_Coronal").flag
    'organcmnist'
    """
    info = _BY_NAME.get(name.casefold())
    if info is None:
        hint = nearest(name.casefold(), [*_BY_NAME, *also])
        raise ConfigError(f"unknown set {name!r}; {hint}")
    return info


_ORGANS = (
    "bladder",
    "femur-left",
    "femur-right",
    "heart",
    "kidney-left",
    "kidney-right",
    "liver",
    "lung-left",
    "lung-right",
    "pancreas",
    "spleen",
)

_SETS = (
    DatasetInfo(
        flag="pathmnist",
        class_name="PathMNIST",
        description="Types of colorectal tissue in stained histology patches (NCT-CRC-HE-100K).",
        task=Task.MULTI_CLASS,
        label_names=(
            "adipose",
            "background",
            "debris",
            "lymphocytes",
            "mucus",
            "smooth muscle",
            "normal colon mucosa",
            "cancer-associated stroma",
            "colorectal adenocarcinoma epithelium",
        ),
        channels=3,
        n_samples={"train": 89_996, "val": 10_004, "test": 7_180},
        md5={
            28: "a8b06965200029087d5bd730944a56c1",
            64: "55aa9c1e0525abe5a6b9d8343a507616",
            128: "ac42d08fb904d92c244187169d1fd1d9",
            224: "2c51a510bcdc9cf8ddb2af93af1eadec",
        },
    ),
    DatasetInfo(
        flag="chestmnist",
        class_name="ChestMNIST",
        description="Fourteen findings, alone or together, in chest X-rays (NIH ChestX-ray14).",
        task=Task.MULTI_LABEL,
        label_names=(
            "atelectasis",
            "cardiomegaly",
            "effusion",
            "infiltration",
            "mass",
            "nodule",
            "pneumonia",
            "pneumothorax",
            "consolidation",
            "edema",
            "emphysema",
            "fibrosis",
            "pleural",
            "hernia",
        ),
        channels=1,
        n_samples={"train": 78_468, "val": 11_219, "test": 22_433},
        md5={
            28: "02c8a6516a18b556561a56cbdd36c4a8",
            64: "9de6cd0b934ebb5b7426cfba5efbae16",
            128: "db107e5590b27930b62dbaf558aebee3",
            224: "45bd33e6f06c3e8cdb481c74a89152aa",
        },
    ),
    DatasetInfo(
        flag="dermamnist",
        class_name="DermaMNIST",
        description="Pigmented skin lesions under the dermatoscope (HAM10000).",
        task=Task.MULTI_CLASS,
        label_names=(
            "actinic keratoses and intraepithelial carcinoma",
            "basal cell carcinoma",
            "benign keratosis-like lesions",
            "dermatofibroma",
            "melanoma",
            "melanocytic nevi",
            "vascular lesions",
        ),
        channels=3,
        n_samples={"train": 7_007, "val": 1_003, "test": 2_005},
        md5={
            28: "0744692d530f8e62ec473284d019b0c7",
            64: "b70a2f5635c6199aeaa28c31d7202e1f",
            128: "2defd784463fa5243564e855ed717de1",
            224: "8974907d8e169bef5f5b96bc506ae45d",
        },
        license="CC BY-NC 4.0",
    ),
    DatasetInfo(
        flag="octmnist",
        class_name="OCTMNIST",
        description="Retinal disease in optical coherence tomography slices.",
        task=Task.MULTI_CLASS,
        label_names=("choroidal neovascularization", "diabetic macular edema", "drusen", "normal"),
        channels=1,
        n_samples={"train": 97_477, "val": 10_832, "test": 1_000},
        md5={
            28: "c68d92d5b585d8d81f7112f81e2d0842",
            64: "e229e9440236b774d9f0dfef9d07bdaf",
            128: "0a97e76651ace45c5d943ee3f65b63ae",
            224: "abc493b6d529d5de7569faaef2773ba3",
        },
    ),
    DatasetInfo(
        flag="pneumoniamnist",
        class_name="PneumoniaMNIST",
        description="Pneumonia or not in chest X-rays of children.",
        task=Task.BINARY,
        label_names=("normal", "pneumonia"),
        channels=1,
        n_samples={"train": 4_708, "val": 524, "test": 624},
        md5={
            28: "28209eda62fecd6e6a2d98b1501bb15f",
            64: "8f4eceb4ccffa70c672198ea285246c6",
            128: "05b46931834c231683c68f40c47b2971",
            224: "d6a3c71de1b945ea11211b03746c1fe1",
        },
        mean=(0.571922,),
        std=(0.168351,),
    ),
    DatasetInfo(
        flag="retinamnist",
        class_name="RetinaMNIST",
        description="Five grades of diabetic retinopathy in fundus photographs (DeepDRiD).",
        task=Task.ORDINAL,
        label_names=("0", "1", "2", "3", "4"),
        channels=3,
        n_samples={"train": 1_080, "val": 120, "test": 400},
        md5={
            28: "bd4c0672f1bba3e3a89f0e4e876791e4",
            64: "afda852cc34dcda56f86ad2b2457dbcc",
            128: "e48e916a24454daf90583d4e6efb1a18",
            224: "eae7e3b6f3fcbda4ae613ebdcbe35348",
        },
        mean=(0.398389, 0.244727, 0.155753),
        std=(0.298286, 0.200482, 0.15066),
    ),
    DatasetInfo(
        flag="breastmnist",
        class_name="BreastMNIST",
        description="Malignant tumour or not in breast ultrasound.",
        task=Task.BINARY,
        label_names=("malignant", "normal, benign"),
        channels=1,
        n_samples={"train": 546, "val": 78, "test": 156},
        md5={
            28: "750601b1f35ba3300ea97c75c52ff8f6",
            64: "742edef2a1fd1524b2efff4bd7ba9364",
            128: "363e4b3f8d712e9b5de15470a2aaadf1",
            224: "b56378a6eefa9fed602bb16d192d4c8b",
        },
        mean=(0.327581,),
        std=(0.20573,),
    ),
    DatasetInfo(
        flag="bloodmnist",
        class_name="BloodMNIST",
        description="Types of healthy blood cells under the microscope.",
        task=Task.MULTI_CLASS,
        label_names=(
            "basophil",
            "eosinophil",
            "erythroblast",
            "immature granulocytes(myelocytes, metamyelocytes and promyelocytes)",
            "lymphocyte",
            "monocyte",
            "neutrophil",
            "platelet",
        ),
        channels=3,
        n_samples={"train": 11_959, "val": 1_712, "test": 3_421},
        md5={
            28: "7053d0359d879ad8a5505303e11de1dc",
            64: "2b94928a2ae4916078ca51e05b6b800b",
            128: "adace1e0ed228fccda1f39692059dd4c",
            224: "b718ff6835fcbdb22ba9eacccd7b2601",
        },
        mean=(0.794348, 0.659659, 0.696193),
        std=(0.21563, 0.241603, 0.117889),
    ),
    DatasetInfo(
        flag="tissuemnist",
        class_name="TissueMNIST",
        description="Cells of the human kidney cortex under the fluorescence microscope (BBBC051).",
        task=Task.MULTI_CLASS,
        label_names=(
            "Collecting Duct, Connecting Tubule",
            "Distal Convoluted Tubule",
            "Glomerular endothelial cells",
            "Interstitial endothelial cells",
            "Leukocytes",
            "Podocytes",
            "Proximal Tubule Segments",
            "Thick Ascending Limb",
        ),
        channels=1,
        n_samples={"train": 165_466, "val": 23_640, "test": 47_280},
        md5={
            28: "ebe78ee8b05294063de985d821c1c34b",
            64: "123ece2eba09d0aa5d698fda57103344",
            128: "61b955355d7425a89687b06cca3ce0c2",
            224: "b077128c4a949f0a4eb01517f9037b9c",
        },
    ),
    DatasetInfo(
        flag="organamnist",
        class_name="OrganAMNIST",
        description="Abdominal and thoracic organs in axial CT slices (LiTS).",
        task=Task.MULTI_CLASS,
        label_names=_ORGANS,
        channels=1,
        n_samples={"train": 34_561, "val": 6_491, "test": 17_778},
        md5={
            28: "68e3f8846a6bd62f0c9bf841c0d9eacc",
            64: "2dcccc29b88e6da5a01161ef20cda288",
            128: "eeae80d0a227a8d099027e1b3cfd3b60",
            224: "50747347e05c87dd3aaf92c49f9f3170",
        },
        aliases=("OrganMNIST_Axial", "OrganMNISTAxial"),
        note=(
            "OrganMNIST_Axial of MedMNIST v1 has other splits (34,581/6,491/17,778): "
            "scores on v1 and v2 do not compare."
        ),
    ),
    DatasetInfo(
        flag="organcmnist",
        class_name="OrganCMNIST",
        description="Abdominal and thoracic organs in coronal CT slices (LiTS).",
        task=Task.MULTI_CLASS,
        label_names=_ORGANS,
        channels=1,
        n_samples={"train": 12_975, "val": 2_392, "test": 8_216},
        md5={
            28: "b9ceb9546e10131b32923c5bbeaea2b1",
            64: "3ce34a8724ea6f548e6db4744d03b6a9",
            128: "773c1f009daa3fe5d9a2a201b2a7ed94",
            224: "050f5e875dc056f6768abf94ec9995d1",
        },
        aliases=("OrganMNIST_Coronal", "OrganMNISTCoronal"),
        note=(
            "OrganMNIST_Coronal of MedMNIST v1 has other splits (13,000/2,392/8,268): "
            "scores on v1 and v2 do not compare."
        ),
    ),
    DatasetInfo(
        flag="organsmnist",
        class_name="OrganSMNIST",
        description="Abdominal and thoracic organs in sagittal CT slices (LiTS).",
        task=Task.MULTI_CLASS,
        label_names=_ORGANS,
        channels=1,
        n_samples={"train": 13_932, "val": 2_452, "test": 8_827},
        md5={
            28: "9ab87b696fb54e2a387ebe992d6ed5f1",
            64: "53a6d115339d874c25e309a994ff46d3",
            128: "ded0c5fa01a95dc4978b956f613e9b8e",
            224: "b354719e553fbbb2513d5533f52a4cb1",
        },
        aliases=("OrganMNIST_Sagittal", "OrganMNISTSagittal"),
        note=(
            "OrganMNIST_Sagittal of MedMNIST v1 has other splits (13,940/2,452/8,829): "
            "scores on v1 and v2 do not compare."
        ),
    ),
    DatasetInfo(
        flag="organmnist3d",
        class_name="OrganMNIST3D",
        description="Abdominal and thoracic organs in CT volumes (LiTS).",
        task=Task.MULTI_CLASS,
        label_names=(
            "liver",
            "kidney-right",
            "kidney-left",
            "femur-right",
            "femur-left",
            "bladder",
            "heart",
            "lung-right",
            "lung-left",
            "spleen",
            "pancreas",
        ),
        channels=1,
        n_samples={"train": 971, "val": 161, "test": 610},
        md5={
            28: "a0c5a1ff56af4f155c46d46fbb45a2fe",
            64: "58a2205adf14a9d0a189cb06dc78bf10",
        },
        is_3d=True,
    ),
    DatasetInfo(
        flag="nodulemnist3d",
        class_name="NoduleMNIST3D",
        description="Malignancy of lung nodules in chest CT volumes (LIDC-IDRI).",
        task=Task.BINARY,
        label_names=("benign", "malignant"),
        channels=1,
        n_samples={"train": 1_158, "val": 165, "test": 310},
        md5={
            28: "8755a7e9e05a4d9ce80a24c3e7a256f3",
            64: "c47c5b7d457bf6332200d2ea6d64ecd8",
        },
        is_3d=True,
    ),
    DatasetInfo(
        flag="adrenalmnist3d",
        class_name="AdrenalMNIST3D",
        description="Normal and abnormal shapes of adrenal glands, from abdominal CT.",
        task=Task.BINARY,
        label_names=("normal", "hyperplasia"),
        channels=1,
        n_samples={"train": 1_188, "val": 98, "test": 298},
        md5={
            28: "bbd3c5a5576322bc4cdfea780653b1ce",
            64: "17721accfe9fb005146a47d33bc54b2f",
        },
        is_3d=True,
        mean=(0.015794,),
        std=(0.124679,),
    ),
    DatasetInfo(
        flag="fracturemnist3d",
        class_name="FractureMNIST3D",
        description="Types of rib fractures in CT volumes (RibFrac).",
        task=Task.MULTI_CLASS,
        label_names=("buckle rib fracture", "nondisplaced rib fracture", "displaced rib fracture"),
        channels=1,
        n_samples={"train": 1_027, "val": 103, "test": 240},
        md5={
            28: "6aa7b0143a6b42da40027a9dda61302f",
            64: "f01d7e6316aedf4210da0da5b7437b42",
        },
        is_3d=True,
    ),
    DatasetInfo(
        flag="vesselmnist3d",
        class_name="VesselMNIST3D",
        description="Shapes of brain vessels, healthy or with an aneurysm, from MRA (IntrA).",
        task=Task.BINARY,
        label_names=("vessel", "aneurysm"),
        channels=1,
        n_samples={"train": 1_335, "val": 191, "test": 382},
        md5={
            28: "b41fd4f7e7e2feedddb201585ecafa1b",
            64: "6bb274a8846e1097066dcd64e2c4520f",
        },
        is_3d=True,
    ),
    DatasetInfo(
        flag="synapsemnist3d",
        class_name="SynapseMNIST3D",
        description="Excitatory and inhibitory synapses in electron microscopy of a rat brain.",
        task=Task.BINARY,
        label_names=("inhibitory synapse", "excitatory synapse"),
        channels=1,
        n_samples={"train": 1_230, "val": 177, "test": 352},
        md5={
            28: "1235b78a3cd6280881dd7850a78eadb6",
            64: "43bd14ebf3af9d3dd072446fedc14d5e",
        },
        is_3d=True,
    ),
)

CATALOG: Mapping[str, DatasetInfo] = MappingProxyType({info.flag: info for info in _SETS})
"""The sets by flag, in MedMNIST's order."""

_BY_NAME = {
    name.casefold(): info for info in _SETS for name in (info.flag, info.class_name, *info.aliases)
}
