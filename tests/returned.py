"""Mail that came back, as a mail server reports it."""

ID = "<0123456789abcdef@example.org>"

POSTFIX = """\
Return-Path: <>
From: MAILER-DAEMON@mx.example.org (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: security@example.org
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="B/1594382400"
Message-Id: <20200710120000.AB@mx.example.org>

This is a MIME-encapsulated message.

--B/1594382400
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--B/1594382400
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org
X-Postfix-Queue-ID: AB
Arrival-Date: Fri, 10 Jul 2020 12:00:00 +0000 (UTC)

Final-Recipient: rfc822; ann@example.org
Original-Recipient: rfc822;ann@example.org
Action: {action}
Status: {status}
Remote-MTA: dns; store.example.org
Diagnostic-Code: smtp; 550 5.1.1 <ann@example.org>: no such
    mailbox here

--B/1594382400
Content-Description: Undelivered Message {part}

From: <security@example.org>
To: <ann@example.org>
Subject: Remove TikTok
Message-ID: {id}

--B/1594382400--
"""


def report(action: str = "failed", status: str = "5.1.1", part: str = "", name: str = ID) -> bytes:
    kind = part or "Headers\nContent-Type: text/rfc822-headers"
    return POSTFIX.format(action=action, status=status, part=kind, id=name).encode()
