"""A frame taken apart for people: every field where it stands, and what is wrong with which.

    parts     what a dissection is made of           recognising   which format some bytes are, and bytes out of a paste
    dc09      DC-09 and the quoted form of DC-07     others        the other formats: length, check, fields

One rule: the codec's verdict stands beside every dissection and is never contradicted by it; here is only shown where.
"""

from protocols.dissection.parts import Dissection, Part, Verdict
from protocols.dissection.recognising import FORMATS, Pasted, dissect, read_paste

__all__ = ["FORMATS", "Dissection", "Part", "Pasted", "Verdict", "dissect", "read_paste"]
