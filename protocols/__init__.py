"""Pure wire formats: bytes in, values out, replies encoded on request. The bottom layer; it knows nobody.

- `signals`: what every format decodes to; `codec`: the seam every format implements
- `dc09`: SIA DC-09 frame, cipher, extended data, replies, dialler side
- `content`, `sia`, `contact_id`: what frames carry, SIA DC-03 and DC-05
- `event_codes`: the code tables in `data/`, mapped to categories
- `cap`: CAP 1.2, written and read strictly
"""
