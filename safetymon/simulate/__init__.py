"""What every rule of a study can be expected to do in that very study, found by simulation.

`design` reads the study, `trials` draws it again and again, `cards` lets the rules of the live
product look at what was drawn, `run` does so on all cores.
"""
