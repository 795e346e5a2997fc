"""The layout of a snapshot file. Little-endian throughout; a gate maps it and looks things up in place.

====================  ==========================================================================================
bytes                 what
====================  ==========================================================================================
0-7                   ``CMSNAP`` and the layout's version, two digits
8-11                  length of the head, uint32
12-                   the head: two signed lines (snapshot.signed): the feed key's certificate, then the header
``BODY``-             the body, whose SHA-256 the header signs
====================  ==========================================================================================

The header is ``{kind, epoch, n, digest, time, hash_key, sha256, size, sections}``: ``digest`` is record n's, ``sections``
name → [offset in the file, bytes]. Sections: for each of the tables ``identities`` and ``logins``, ``<table>.prefix`` (for
each value of a hash's top 16 bits, how many hashes are below it; 65,537 uint32), ``<table>.hashes`` (uint64, ascending) and
``<table>.ordinals`` (uint32, in the same order); ``protected`` (uint64, ascending); ``standings`` (a canonical JSON list of
lineage rows); ``denials`` and ``unregistered`` (``ENTRY`` followed by lineage id and serialised roaring bitmap, repeated);
``spoken`` (the same with a language in the place of the lineage, and no instant: who is to be spoken to in it). Sections
may be added; a gate passes over those that it does not know, and does without ``spoken``.
"""

import struct

MAGIC = b"CMSNAP01"
HEAD_LENGTH = struct.Struct("<I")
#: Where the body begins; the head must fit before it.
BODY = 8192
#: block, from, length of the lineage's id, length of the bitmap.
ENTRY = struct.Struct("<IqII")
PREFIX_BITS = 16
PREFIX_SHIFT = 64 - PREFIX_BITS
TABLES = ("identities", "logins")
