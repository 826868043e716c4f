"""The four built-in topics as lists of preferred terms, and how a study file changes them.

The lists were written from public knowledge of MedDRA preferred terms. They are not a Standardised
MedDRA Query (SMQ) and no substitute for one: a sponsor with a MedDRA licence puts its own list
into the study file.
"""

from collections.abc import Iterable

from safetymon.domain import Topic

BUILT_IN: dict[str, tuple[str, ...]] = {
    "headache": (
        "Cluster headache", "Drug withdrawal headache", "Exertional headache", "Headache",
        "Medication overuse headache", "Migraine", "Migraine with aura", "Migraine without aura",
        "Post-traumatic headache", "Procedural headache", "Sinus headache", "Tension headache",
        "Thunderclap headache", "Vascular headache",
    ),
    "pyrexia": (
        "Body temperature increased", "Febrile convulsion", "Fever", "Hyperpyrexia",
        "Hyperthermia", "Post procedural fever", "Pyrexia",
    ),
    "nausea": ("Nausea", "Procedural nausea"),
    "thromboembolism": (
        "Acute myocardial infarction", "Arterial thrombosis", "Axillary vein thrombosis",
        "Basilar artery thrombosis", "Brain stem infarction", "Cerebellar infarction",
        "Cerebral artery embolism", "Cerebral artery occlusion", "Cerebral artery thrombosis",
        "Cerebral infarction", "Cerebral venous sinus thrombosis", "Cerebral venous thrombosis",
        "Cerebrovascular accident", "Coronary artery occlusion", "Coronary artery thrombosis",
        "Deep vein thrombosis", "Device related thrombosis", "Embolic cerebral infarction",
        "Embolic stroke", "Embolism", "Embolism arterial", "Embolism venous",
        "Hepatic vein thrombosis", "Iliac artery occlusion", "Intracardiac thrombus",
        "Ischaemic cerebral infarction", "Ischaemic stroke", "Jugular vein thrombosis",
        "Lacunar infarction", "Mesenteric artery thrombosis", "Mesenteric vein thrombosis",
        "Microembolism", "Myocardial infarction", "Ophthalmic artery thrombosis",
        "Pelvic venous thrombosis", "Peripheral artery thrombosis", "Peripheral embolism",
        "Portal vein thrombosis", "Pulmonary artery thrombosis", "Pulmonary embolism",
        "Pulmonary infarction", "Pulmonary thrombosis", "Renal vein thrombosis",
        "Retinal artery occlusion", "Retinal artery thrombosis", "Retinal vein occlusion",
        "Retinal vein thrombosis", "Splenic infarction", "Splenic vein thrombosis",
        "Stroke in evolution", "Subclavian vein thrombosis", "Superficial vein thrombosis",
        "Superior sagittal sinus thrombosis", "Thrombophlebitis", "Thrombophlebitis superficial",
        "Thrombosis", "Thrombotic stroke", "Transient ischaemic attack",
        "Transverse sinus thrombosis", "Vena cava thrombosis", "Venous thrombosis",
        "Venous thrombosis limb",
    ),
}  # fmt: skip
"""Topic name -> preferred terms, British spelling as in MedDRA."""


def resolved(topics: Iterable[Topic]) -> dict[str, tuple[str, ...]]:
    """Topic name -> its preferred terms in upper case, sorted: built in, then the study's own."""
    terms = {name: frozenset(map(str.upper, built_in)) for name, built_in in BUILT_IN.items()}
    for topic in topics:
        terms[topic.name] = _terms_of(topic, terms.get(topic.name, frozenset()))
    return {name: tuple(sorted(members)) for name, members in terms.items()}


def _terms_of(topic: Topic, before: frozenset[str]) -> frozenset[str]:
    base = frozenset(map(str.upper, topic.terms)) or before
    return (base | set(map(str.upper, topic.add_terms))) - set(map(str.upper, topic.drop_terms))
