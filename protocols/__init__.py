"""Pure wire formats: bytes in, values out, replies encoded on request. The bottom layer; it knows nobody.

    signals    what every format decodes to          codec     the seam every format implements
    dc09       SIA DC-09 frame, cipher, extended data, replies, dialler side
    sia        SIA DC-03 blocks                      contact_id  SIA DC-05
    event_codes  the code tables in data/, mapped to categories
"""
