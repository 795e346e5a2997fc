"""The installation's own keys: which there are, how long they hold, and putting new ones in their place.

The root key vouches for both others and is pinned: gates have its public half, auditors keep it. A new feed key reaches
gates with the root's certificate, through the feed, and what the key before it signed still verifies. A new ledger key is
announced by an entry that the key before it still signs, and auditors get its verifier line with the root's certificate.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from countermand.access import SYSTEM, Act, require
from countermand.config import Config
from countermand.core.errors import Refused
from countermand.core.instants import DAY, Instant
from countermand.flows import speaker
from countermand.flows.accounts import key_file
from countermand.flows.ledger_keys import earlier, signers
from countermand.flows.seal import seal
from countermand.flows.speaker import CERTIFIED, keys_dir
from countermand.ledger.checkpoint import Verifier
from countermand.lib import clock, drafts, keys, rsa_keys
from countermand.lib.keys import SigningKey, VerifyKey
from countermand.snapshot.signed import LEDGER, certificate, certify
from countermand.store import installation, lease, log, tree
from countermand.store.unit import unit

Read = TypeVar("Read")


#: By the kind of key: what it is for.
USED: Mapping[str, str] = {
    "root": "the root's word for the keys of feed and ledger; pinned at gates and kept by auditors",
    "feed": "what gates are told",
    "ledger": "the ledger's checkpoints",
    "signals": "tokens of Shared Signals",
}
#: By the kind of key: why it has no end, where the root has given none to its word for it.
ENDLESS: Mapping[str, str] = {
    "root": "no end: it holds as long as it is pinned",
    "feed": "no end yet: the root vouches for it when the first gate is spoken to",
    "ledger": "no end: auditors keep its line themselves",
    "signals": "no end: receivers find its successor by themselves",
}


@dataclass(frozen=True, slots=True)
class Key:
    """One key: ``name`` is its kind, ``public`` base64, for the ledger its verifier line and for ``signals`` its thumbprint.
    ``until``: the end of the root's word for it, or None and ``endless`` says why; ``here``: the private half is in the state
    directory; ``in_use``: False for one that was replaced; ``used_by``: what is signed with it; ``created``: by the time of its
    file, None where that is gone with the key."""

    name: str
    public: str
    until: Instant | None
    here: bool
    in_use: bool
    created: Instant | None = None
    used_by: str = ""
    endless: str = ""


@dataclass(frozen=True, slots=True)
class Foreseen:
    """``replaces``: the public half in use; '' if there is none yet."""

    name: str
    replaces: str


def listed(act: Act, config: Config) -> list[Key]:
    """The root key, every feed key that is vouched for, every ledger key there was, and those of Shared Signals that are
    published."""
    require(act.actor, "read")
    directory = keys_dir(config.state_dir)
    found = [_key(directory, "root", _public(directory / "root.key.pub").text, None)]
    feeds = _refusing(lambda: speaker.certificates(directory))
    found += [_key(directory, "feed", one.key.text, one.until, in_use=one is feeds[-1]) for one in feeds]
    lines = ledger_lines(config)
    ends = _ledger_until(directory)
    for line in lines:
        last = line == lines[-1]
        found.append(_key(directory, "ledger", line, ends if last else None, in_use=last))
    return [*found, *_signals(directory)]


def _key(directory: Path, name: str, public: str, until: Instant | None, *, in_use: bool = True) -> Key:
    """A key whose halves in use are files of its kind's name."""
    private = directory / f"{name}.key"
    file = private.with_name(private.name + ".pub")
    created = file.stat().st_mtime_ns // 1_000_000 if in_use and file.exists() else None
    return Key(name, public, until, in_use and private.exists(), in_use, created, USED[name], _endless(name, until, in_use))


def _endless(name: str, until: Instant | None, in_use: bool) -> str:
    if until is not None:
        return ""
    return ENDLESS[name] if in_use else "no end: what it signed still verifies"


def _signals(directory: Path) -> Iterator[Key]:
    found = _refusing(lambda: rsa_keys.known(directory, "signals"))
    for one in found:
        last, private = one is found[-1], directory / f"signals-{one.number}.pem"
        here = private.exists() and private.stat().st_size > 0  # an empty file is what is left of one that was destroyed
        made = rsa_keys.made_at(directory, "signals", one.number)
        yield Key("signals", one.kid, None, here, last, made, USED["signals"], _endless("signals", None, last))


def _ledger_until(directory: Path) -> Instant | None:
    """The end of the root's word for the ledger's key; there is one since its first rotation."""
    file = directory / "ledger.certificate"
    if not file.exists():
        return None
    return certificate(_public(directory / "root.key.pub"), file.read_bytes(), purpose=LEDGER).until


def ledger_lines(config: Config) -> list[str]:
    """The verifier lines of every key that has signed this ledger, the one in use last."""
    return [Verifier(config.origin, key).line for key in signers(config.state_dir)]


def foresee(act: Act, config: Config, name: str, root_file: Path | None = None) -> Foreseen:
    """What rotating the ``feed`` or ``ledger`` key would replace; changes nothing. Refused as the rotation."""
    require(act.actor, "keys")
    _root(keys_dir(config.state_dir), root_file)
    return Foreseen(name, next((key.public for key in listed(act, config) if key.name == name and key.in_use), ""))


def rotate_feed(act: Act, config: Config, root_file: Path | None = None) -> Key:
    """Put a new feed key in the place of the old; processes that run take it up by themselves, gates from the feed.

    Refused ``root-key-away``, ``root-key-other``, key-….
    """
    require(act.actor, "keys")
    directory, real = keys_dir(config.state_dir), clock.now()
    root = _root(directory, root_file)
    _refusing(lambda: speaker.speaker(config.state_dir, real))  # there is a certificate to follow on
    own, following = directory / "feed.key", directory / "feed-next.key"
    new = _refusing(lambda: keys.load_or_create(following))
    old = _refusing(lambda: keys.load(own)).public
    with unit():  # said before it is done: whoever dies in between left a key announced, and the next rotation puts it in place
        log.append("key-rotated", act, {"key": "feed", "new": new.public.text, "before": old.text})
    with unit():
        # Nobody signs a record from here on: what the old key signed has its number, and comes before what the new one signs.
        lease.pause("publisher")
        speaker.vouch(directory, root, new, real)
        _take_place(following, own)
    return _key(directory, "feed", new.public.text, real + CERTIFIED)


def rotate_ledger(act: Act, config: Config, root_file: Path | None = None) -> Key:
    """Put a new ledger key in the place of the old, after the old one has signed an entry that names it.

    Everything so far is sealed first, with the old key. Refused as ``rotate_feed`` and ``seal``.
    """
    require(act.actor, "keys")
    directory, real = keys_dir(config.state_dir), clock.now()
    root = _root(directory, root_file)
    own, following = key_file(config.state_dir, "ledger"), directory / "ledger-next.key"
    new = _refusing(lambda: keys.load_or_create(following))  # one that an interrupted rotation announced is the one
    old, origin = _refusing(lambda: keys.load(own)).public, _origin()
    line = Verifier(origin, new.public).line
    with unit():
        log.append("key-rotated", act, {"key": "ledger", "new": line, "before": Verifier(origin, old).line})
    while tree.unsealed_count():  # by whomever
        seal(Act(SYSTEM, act.now, act.drill), own, state_dir=config.state_dir)
    if old not in signers(config.state_dir)[:-1]:
        keys.save_public(directory / f"ledger-{len(earlier(config.state_dir)) + 1}.key.pub", old)
    word = certify(root, new.public, real - DAY, real + 10 * CERTIFIED, LEDGER)
    drafts.write(directory / "ledger.certificate", word.decode())
    _take_place(following, own)
    return _key(directory, "ledger", line, real + 10 * CERTIFIED)


def _take_place(following: Path, own: Path) -> None:
    """The public half first: between the two, both halves of the old pair are still known."""
    public = following.with_name(following.name + ".pub")
    if public.exists():
        public.rename(own.with_name(own.name + ".pub"))
    following.rename(own)


def _root(directory: Path, named: Path | None) -> SigningKey:
    """The private root key: at hand, or brought. Refused unless it is the one that is pinned."""
    file = named or directory / "root.key"
    if not file.exists():
        raise Refused("root-key-away", file=str(file))
    found = _refusing(lambda: keys.load(file))
    pinned = directory / "root.key.pub"
    if found.public != _public(pinned):
        raise Refused("root-key-other", file=str(file), pub=str(pinned))
    return found


def _origin() -> str:
    house = installation.load()
    if house is None:
        raise Refused("no-installation", path="(open)")
    return house.origin


def _refusing(read: Callable[[], Read]) -> Read:
    try:
        return read()
    except keys.BadKeyFile as bad:
        raise Refused(bad.code, file=str(bad.path)) from bad


def _public(file: Path) -> VerifyKey:
    return _refusing(lambda: keys.load_public(file))
