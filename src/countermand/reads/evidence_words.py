"""What an evidence pack says of itself: how to check it without this product, and what it does not prove."""

README = """\
Evidence about the directive {directive}, from the installation {origin}.

  directive.json         every version: the text as written, its canonical form, digests, when it was issued and ended
  bundles/N.json         exactly what the approvers of version N signed: document, app ids, texts, audience, guard rails
  approvals.json         who approved which bundle, when, and whether that still counts
  approvals/*.sig        their signatures; approvals/allowed_signers has the SSH keys, approvals/passkeys the passkeys
  metrics.json           counts as of the export
  devices.csv            every device in scope: verdict, reason, denied or not; by commitment, never by name
  notices.csv            every notice: to whom (by commitment), what became of it, which due it stated
  exemptions.json        who was released, on which ground, until when, agreed by whom
  log/entries.ndjson     the ledger's entries about the directive, byte for byte as they were hashed
  log/*.tlog-proof       for each, the proof that it is in the signed ledger (C2SP tlog-proof)
  log/keys.txt           the ledger's verifier lines, as the installation states them: compare with those you kept
  contents.tlog-proof    the proof that exactly this content was exported: its entry holds the digest of all other files
  manifest.json          the SHA-256 of every file

A commitment is how the ledger names somebody. Whom it never named, or whose name was erased, stands without one.

To check it:       countermand evidence verify FILE --key YOUR-VERIFIER-LINE
Without this product:
  the digest of a bundle    sha256sum bundles/N.json
  an approval               printf %s DIGEST | ssh-keygen -Y verify -f approvals/allowed_signers -I OPERATOR -n countermand \\
                              -s approvals/N-M.sig
  one by a passkey          approvals/N-M.sig is a Web Authentication assertion: the challenge in its clientDataJSON is the
                              SHA-256 of DIGEST (as text), and its signature is over authenticatorData and the SHA-256 of
                              clientDataJSON, by the COSE key that ends the operator's line of approvals/passkeys
  the log                   any verifier of C2SP tlog-proof

{not_proven}"""

NOT_PROVEN = """\
What it does not prove:
  An inventory is a statement of a management system, taken over as it was made. That an app was not seen proves its absence
  only where the evidence could have shown it.
  An attestation is a person's word.
  That a notice was accepted by a mail server does not say that anybody read it.
  That somebody outside kept the ledger's checkpoints is for them to show: without one kept elsewhere, a whole history could
  have been written anew with the ledger's key.
"""
