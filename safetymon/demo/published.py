"""ProDERM's published adverse event counts: what the synthetic trial has to reproduce.

Facts typed in from three public sources:

* overview, cycles, serious and discontinuation listings: Aggarwal et al., Arthritis Research &
  Therapy 2024;26:27, doi 10.1186/s13075-023-03232-2 (Table 1 and the supplement);
* related terms and terms within 72 h: the US label of Octagam 10% (dermatomyositis), as given on
  octagamus.net;
* non-serious terms, any causality: ClinicalTrials.gov NCT02728752, "other" adverse events.
"""

FIRST_IVIG = "First period IVIg"
FIRST_PLACEBO = "First period placebo"
ALL_IVIG = "Overall all IVIg"

SUBJECTS = {FIRST_IVIG: 52, FIRST_PLACEBO: 48, ALL_IVIG: 95}
RANDOMISED = {"IVIG": 47, "PLACEBO": 48}
IVIG_CYCLES = 664

# category -> column -> (subjects, events)
OVERVIEW: dict[str, dict[str, tuple[int, int]]] = {
    "TEAE": {FIRST_IVIG: (42, 196), FIRST_PLACEBO: (28, 135), ALL_IVIG: (84, 545)},
    "Infusional TEAE": {FIRST_IVIG: (34, 139), FIRST_PLACEBO: (19, 65), ALL_IVIG: (76, 351)},
    "Serious TEAE": {FIRST_IVIG: (3, 5), FIRST_PLACEBO: (2, 4), ALL_IVIG: (14, 22)},
    "Related TEAE": {FIRST_IVIG: (30, 113), FIRST_PLACEBO: (11, 38), ALL_IVIG: (62, 282)},
    "TEAE leading to discontinuation": {
        FIRST_IVIG: (3, 8),
        FIRST_PLACEBO: (0, 0),
        ALL_IVIG: (13, 25),
    },
    "TEE": {FIRST_IVIG: (1, 2), FIRST_PLACEBO: (0, 0), ALL_IVIG: (6, 8)},
    "Related TEE": {FIRST_IVIG: (0, 0), FIRST_PLACEBO: (0, 0), ALL_IVIG: (5, 6)},
    "HTR": {FIRST_IVIG: (0, 0), FIRST_PLACEBO: (0, 0), ALL_IVIG: (0, 0)},
    "Death": {FIRST_IVIG: (0, 0), FIRST_PLACEBO: (0, 0), ALL_IVIG: (0, 0)},
}

# Preferred term -> subjects, all IVIg. Both tables list every term above 5% (5 subjects or more),
# so no other term may reach 5.
RELATED_TERMS = {
    "Headache": 40,
    "Pyrexia": 18,
    "Nausea": 15,
    "Vomiting": 8,
    "Chills": 7,
    "Musculoskeletal pain": 7,
    "Blood pressure increased": 6,
}
TERMS_WITHIN_72_H = {
    "Headache": 44,
    "Pyrexia": 19,
    "Nausea": 16,
    "Vomiting": 8,
    "Blood pressure increased": 8,
    "Musculoskeletal pain": 5,
    "Heart rate increased": 5,
    "Dyspnoea": 5,
    "Infusion site reaction": 5,
}
UNLISTED_TERM_LIMIT = 4

# Preferred term -> column -> subjects. Pyrexia in all IVIg is published as 17, which cannot hold
# beside 18 subjects with a related pyrexia none of which was serious: the demo has 19.
NON_SERIOUS_TERMS: dict[str, dict[str, int]] = {
    "Headache": {FIRST_PLACEBO: 4, ALL_IVIG: 46},
    "Nausea": {FIRST_PLACEBO: 2, ALL_IVIG: 18},
    "Pyrexia": {FIRST_PLACEBO: 3},
    "Vomiting": {FIRST_PLACEBO: 0, ALL_IVIG: 9},
    "Condition aggravated": {FIRST_PLACEBO: 9, ALL_IVIG: 9},
    "Myalgia": {FIRST_PLACEBO: 0, ALL_IVIG: 9},
    "Chills": {FIRST_PLACEBO: 1, ALL_IVIG: 7},
    "Arthralgia": {FIRST_PLACEBO: 4, ALL_IVIG: 7},
}
