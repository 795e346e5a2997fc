"""Where the employee's pages are, and the help desk's view of them."""

from django.urls import path

from countermand.web.selfservice import help_desk, messages, mine, sign_in

PAGES = [
    path("", messages.home),
    path("message/", messages.look_up),
    path("message/<str:code>/", messages.message),
    path("message/<str:code>/proof", messages.proof),
    path("sign-in/", sign_in.begin),
    path("sign-in/back", sign_in.back),
    path("sign-out/", sign_in.leave),
    path("me/", mine.devices),
    path("me/history/", mine.history),
    path("me/export/", mine.export),
    path("me/exemption/<slug:name>/", mine.ask_exemption),
    path("me/<int:device>/mail-password/", mine.mail_password),
    path("me/<int:device>/not-mine/", mine.not_mine),
    path("me/disowned/<int:objection>/mine/", mine.mine_after_all),
    path("me/<int:device>/<slug:name>/due.ics", mine.due),
    path("me/<int:device>/<slug:name>/removed/", mine.removed),
    path("me/<int:device>/<slug:name>/check/", mine.check),
    path("me/<int:device>/<slug:name>/attest/", mine.attest),
    path("me/<int:device>/<slug:name>/contest/", mine.contest),
    path("help-desk/", help_desk.desk),
    path("help-desk/sign-in/", help_desk.sign_in),
    path("help-desk/find/", help_desk.find),
    path("help-desk/<int:device>/<slug:name>/unblock/", help_desk.unblock),
    path("help-desk/<slug:name>/resend/", help_desk.send_again),
    path("help-desk/objection/<int:objection>/", help_desk.answer),
]
