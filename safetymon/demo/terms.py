"""Preferred terms of the demo with their primary System Organ Class, and the pools drawn from.

British MedDRA spelling. The pairs of term and class are public knowledge as printed in trial
reports; this is not an extract of MedDRA.
"""

_TERMS_BY_CLASS: dict[str, tuple[str, ...]] = {
    "Blood and lymphatic system disorders": ("Anaemia", "Leukopenia"),
    "Cardiac disorders": ("Palpitations", "Sinus tachycardia", "Tachycardia"),
    "Ear and labyrinth disorders": ("Ear pain", "Vertigo"),
    "Eye disorders": ("Photophobia", "Vision blurred"),
    "Gastrointestinal disorders": (
        "Abdominal pain", "Abdominal pain upper", "Constipation", "Diarrhoea", "Dyspepsia",
        "Dysphagia", "Nausea", "Toothache", "Vomiting",
    ),
    "General disorders and administration site conditions": (
        "Asthenia", "Chest discomfort", "Chills", "Condition aggravated", "Fatigue",
        "Feeling hot", "Influenza like illness", "Infusion site reaction", "Malaise",
        "Oedema peripheral", "Pyrexia",
    ),
    "Hepatobiliary disorders": ("Cholecystitis acute",),
    "Immune system disorders": ("Hypersensitivity",),
    "Infections and infestations": (
        "Bronchitis", "Cellulitis", "Diverticulitis", "Gastroenteritis", "Herpes zoster",
        "Influenza", "Nasopharyngitis", "Oral herpes", "Pharyngitis", "Pneumonia", "Sepsis",
        "Sinusitis", "Upper respiratory tract infection", "Urinary tract infection",
    ),
    "Injury, poisoning and procedural complications": (
        "Contusion", "Fall", "Femur fracture", "Ligament sprain",
    ),
    "Investigations": (
        "Alanine aminotransferase increased", "Blood creatine phosphokinase increased",
        "Blood pressure increased", "Haemoglobin decreased", "Heart rate increased",
        "Weight increased",
    ),
    "Metabolism and nutrition disorders": (
        "Decreased appetite", "Dehydration", "Hyperglycaemia",
    ),
    "Musculoskeletal and connective tissue disorders": (
        "Arthralgia", "Back pain", "Joint swelling", "Muscle spasms", "Muscular weakness",
        "Musculoskeletal pain", "Musculoskeletal stiffness", "Myalgia", "Neck pain",
        "Pain in extremity",
    ),
    "Neoplasms benign, malignant and unspecified (incl cysts and polyps)": ("Ovarian cancer",),
    "Nervous system disorders": (
        "Cerebral infarction", "Cerebrovascular accident", "Dizziness", "Headache",
        "Hypoaesthesia", "Loss of consciousness", "Paraesthesia", "Somnolence",
        "Transient ischaemic attack", "Tremor",
    ),
    "Psychiatric disorders": ("Anxiety", "Depression", "Insomnia"),
    "Renal and urinary disorders": ("Dysuria",),
    "Respiratory, thoracic and mediastinal disorders": (
        "Cough", "Dyspnoea", "Epistaxis", "Interstitial lung disease", "Oropharyngeal pain",
        "Pulmonary embolism", "Respiratory failure",
    ),
    "Skin and subcutaneous tissue disorders": (
        "Erythema", "Hyperhidrosis", "Pruritus", "Rash", "Urticaria",
    ),
    "Vascular disorders": ("Deep vein thrombosis", "Flushing", "Hypertension", "Hypotension"),
}  # fmt: skip

CLASS_OF = {term: name for name, terms in _TERMS_BY_CLASS.items() for term in terms}

# What an infusion of immunoglobulin, or of anything, may be blamed for.
REACTIONS = (
    "Fatigue", "Hypertension", "Dizziness", "Rash", "Back pain", "Diarrhoea", "Asthenia",
    "Pruritus", "Flushing", "Malaise", "Tachycardia", "Abdominal pain upper",
    "Influenza like illness", "Paraesthesia", "Feeling hot", "Urticaria", "Palpitations",
    "Neck pain", "Chest discomfort", "Hyperhidrosis", "Hypotension", "Muscle spasms", "Erythema",
    "Photophobia", "Abdominal pain", "Tremor", "Alanine aminotransferase increased",
    "Pain in extremity", "Somnolence", "Decreased appetite", "Oedema peripheral", "Vertigo",
    "Leukopenia", "Haemoglobin decreased",
)  # fmt: skip

# What happens on infusion days without being blamed on them.
COINCIDENCES = (
    "Insomnia", "Cough", "Oropharyngeal pain", "Constipation", "Anxiety", "Dyspepsia", "Epistaxis",
    "Hyperglycaemia", "Contusion", "Vision blurred", "Toothache", "Musculoskeletal stiffness",
    "Muscular weakness", "Dysphagia",
)  # fmt: skip

# What happens to people between infusions; a term given twice is twice as common.
BACKGROUND = (
    "Nasopharyngitis", "Upper respiratory tract infection", "Urinary tract infection",
    "Muscular weakness", "Nasopharyngitis", "Bronchitis", "Cough", "Sinusitis", "Diarrhoea", "Fall",
    "Upper respiratory tract infection", "Influenza", "Herpes zoster", "Back pain",
    "Gastroenteritis", "Nasopharyngitis", "Pain in extremity",
    "Blood creatine phosphokinase increased", "Ligament sprain", "Cellulitis",
    "Urinary tract infection", "Joint swelling", "Oral herpes", "Depression", "Ear pain",
    "Anaemia", "Pharyngitis", "Weight increased", "Dysuria", "Fatigue",
    "Hypertension",
)  # fmt: skip

# Terms as an investigator writes them; every other term is reported in the words of its code.
_AS_REPORTED: dict[str, tuple[str, ...]] = {
    "Headache": ("headache", "headache after infusion", "HEADACHE", "mild headaches"),
    "Pyrexia": ("fever", "pyrexia", "raised temperature after infusion"),
    "Nausea": ("nausea", "feeling sick", "Nausea"),
    "Condition aggravated": ("worsening of dermatomyositis", "DM flare"),
    "Infusion site reaction": ("redness at infusion site", "infusion site swelling"),
    "Hypoaesthesia": ("numbness of left arm",),
    "Blood pressure increased": ("elevated blood pressure", "BP increased"),
    "Nasopharyngitis": ("common cold", "cold"),
    "Urinary tract infection": ("UTI", "urinary tract infection"),
}


def as_reported(term: str, which: int) -> str:
    """Return the words of the report for a preferred term, choosing among them by ``which``."""
    words = _AS_REPORTED.get(term, (term.lower(),))
    return words[which % len(words)]
