"""Codes of where people come from: a directory that provisions them, a directory that is read."""

from countermand.core.code import CONFLICT, INPUT, INTEGRITY, Code

PEOPLE_CODES: dict[str, Code] = {
    # -- a directory that provisions people (web.scim) --
    "scim-taken": Code("There is a {what} named {name!r} already.", "Find it by its name and change it.", CONFLICT, 409),
    "scim-value": Code("{name} cannot be taken: {why}.", "Correct it in the directory.", INPUT, 400),
    "scim-member": Code(
        "{name!r} is nobody and no group here ({count} such).", "Provision people before the groups they are in.", INPUT, 400
    ),
    "scim-cycle": Code("Groups would be within themselves: {cycle}.", "Take one of them out of another.", INPUT, 400),
    "scim-named": Code(
        "An order in force, or a release, knows the group {name!r} by this name.",
        "Keep the name, or supersede the order first.",
        CONFLICT,
        409,
    ),
    "scim-version": Code("It is not in the version that you name any more.", "Read it anew and try again.", CONFLICT, 412),
    "scim-request": Code("The request cannot be understood: {why}.", "See RFC 7644.", INPUT, 400),
    "scim-many": Code(
        "Too many would have to be looked through.", "Ask for userName, displayName, externalId or id with eq.", INPUT, 400
    ),
    "watch-purpose": Code(
        "Nobody said what the app is watched for.", "Give a purpose, in words for those concerned.", INPUT, 422
    ),
    # -- erasing a person --
    "case-missing": Code("An erasure has no case.", "Name the reference under which it was asked for: --case.", INPUT, 422),
    "erase-active": Code(
        "{login} has not left.", "Wait until the directory says so; where none does, add --leaves.", CONFLICT, 409
    ),
    "erase-protected": Code("{login} is protected.", "End the protection first, which takes two people.", CONFLICT, 409),
    "erase-open": Code("Something that {login} said waits for an answer.", "Answer it first.", CONFLICT, 409),
    # -- a directory that is read (lib.ldapsearch, people.ldap) --
    "ldap-unset": Code("No LDAP directory is configured.", "Write the section [ldap] of the configuration.", INPUT, 422),
    "ldap-missing": Code(
        "The program ldapsearch is not on this machine.",
        "Install OpenLDAP's clients (Debian: ldap-utils).",
        CONFLICT,
        409,
    ),
    "ldap-insecure": Code(
        "{url} would carry people and passwords in the clear.", "Write ldaps://, or ldap:// with starttls.", INPUT, 422
    ),
    "ldap-failed": Code(
        "{url} gave no complete answer: {why}.", "Nothing was changed. Mend that, or ask again later.", CONFLICT, 502
    ),
    "ldap-answer": Code(
        "What the directory answered cannot be understood (line {line}): {why}.",
        "Nothing was changed. Check its address.",
        INTEGRITY,
        502,
    ),
    "ldap-confirm": Code(
        "What waits is a directory that was read.", "Read it anew and confirm: countermand import ldap --confirm.", CONFLICT, 409
    ),
}
