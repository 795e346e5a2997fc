"""A real mail house for live tests: Dovecot with its IMAP, SOGo with its ActiveSync; on loopback, in one directory."""

import contextlib
import imaplib
import os
import pwd
import shutil
import signal
import socket
import subprocess
from pathlib import Path
from tempfile import mkdtemp

from front_door import wait_for
from other_doors import program

from cluster import Cluster
from ports import free_port

_DOVECOT = """
base_dir = {here}/run
state_dir = {here}/state
log_path = {here}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
default_internal_user = dovecot
default_login_user = dovenull
mail_location = maildir:{here}/mail/%Ln
mail_uid = nobody
mail_gid = nogroup
first_valid_uid = 1
first_valid_gid = 1
mailbox_list_index = no
mail_fsync = never
auth_failure_delay = 0
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service stats {{
  chroot =
}}
service anvil {{
  chroot =
}}
{passwords}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%Ln {here}/users
}}
userdb {{
  driver = static
  args = home={here}/mail/%Ln
}}
{more}
"""
_TABLES = {
    "SOGoProfileURL": "user_profile",
    "OCSFolderInfoURL": "folder_info",
    "OCSSessionsFolderURL": "sessions_folder",
    "OCSEMailAlarmsFolderURL": "alarms_folder",
    "OCSStoreURL": "store",
    "OCSAclURL": "acl",
    "OCSCacheFolderURL": "cache_folder",
}


class _From(imaplib.IMAP4):
    """IMAP from one of loopback's many addresses."""

    def __init__(self, source: str, port: int) -> None:
        self._source = source
        super().__init__("127.0.0.1", port)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        return socket.create_connection((self.host, self.port), timeout, (self._source, 0))


class Groupware:
    """``users``: login → password. Mail is put into mailboxes by IMAP, as a delivery would. ``directory``: a new one, where
    other users may look and the paths of sockets are short; it is deleted at the end."""

    def __init__(self, users: dict[str, str]) -> None:
        self.directory = Path(mkdtemp(prefix="countermand-mail-", dir="/tmp"))
        self.directory.chmod(0o755)
        self.users = users
        self.imap_port, self.port, self.cache_port = free_port(), free_port(), free_port()
        self._sessions: list[imaplib.IMAP4] = []
        self._running: list[subprocess.Popen[bytes]] = []

    # -- Dovecot --

    def start_dovecot(self, more: str = "", passwords: str = "") -> None:
        here = self.directory / "dovecot"
        here.mkdir(exist_ok=True)
        for name in ("mail", "run", "state"):
            (here / name).mkdir(exist_ok=True)
        nobody = pwd.getpwnam("nobody")
        os.chown(here / "mail", nobody.pw_uid, nobody.pw_gid)
        (here / "users").write_text("".join(f"{login}:{password}\n" for login, password in self.users.items()))
        text = _DOVECOT.format(here=here, port=self.imap_port, more=more, passwords=passwords)
        (here / "dovecot.conf").write_text(text)
        self._run([program("dovecot"), "-F", "-c", str(here / "dovecot.conf")])
        wait_for(lambda: _answers(self.imap_port), "Dovecot")

    def imap(self, login: str, password: str = "", source: str = "127.0.0.1", client_id: str = "") -> imaplib.IMAP4:
        """A session that is logged in. Refused logins raise imaplib's error. ``client_id``: what it says first."""
        connection = _From(source, self.imap_port)
        self._sessions.append(connection)
        if client_id:
            connection.xatom("ID", client_id)
        connection.login(login, password or self.users[login])
        return connection

    def deliver(self, login: str, subject: str, body: str) -> None:
        message = f"From: boss@example.org\r\nTo: {login}@example.org\r\nSubject: {subject}\r\n\r\n{body}\r\n"
        with self.imap(login) as connection:
            connection.append("INBOX", "", None, message.encode())

    # -- SOGo --

    def start_sogo(self, cluster: Cluster) -> None:
        cluster.run("CREATE DATABASE sogo")
        self._accounts(cluster)
        here = self.directory / "sogo"
        here.mkdir()
        nobody = pwd.getpwnam("nobody")  # as the database, whose folder is nobody else's to enter
        os.chown(here, nobody.pw_uid, nobody.pw_gid)
        self._run([program("memcached"), "-u", "nobody", "-l", "127.0.0.1", "-p", str(self.cache_port), "-m", "16"])
        # Dovecot says HIGHESTMODSEQ, which SOGo's sync keys are made of, only once somebody asked for it.
        for login in self.users:
            with self.imap(login) as connection:
                connection.xatom("SELECT", "INBOX", "(CONDSTORE)")
        words = [
            f"--reuid={nobody.pw_uid}",
            f"--regid={pwd.getpwnam('sogo').pw_gid}",
            "--clear-groups",
            program("sogod"),
            *self._settings(cluster),
        ]
        environment = os.environ | {"HOME": str(here), "LC_ALL": "C.UTF-8"}
        self._run([program("setpriv"), *words], environment)
        wait_for(lambda: _answers(self.port), "SOGo", 60)

    def _accounts(self, cluster: Cluster) -> None:
        import psycopg

        rows = [(login, password, f"{login}@example.org") for login, password in self.users.items()]
        with psycopg.connect(host=str(cluster.folder), user="countermand", dbname="sogo", autocommit=True) as connection:
            connection.execute(
                "CREATE TABLE accounts (c_uid text PRIMARY KEY, c_name text, c_password text, c_cn text, mail text)"
            )
            for login, password, mail in rows:
                connection.execute("INSERT INTO accounts VALUES (%s, %s, %s, %s, %s)", (login, login, password, login, mail))

    def _settings(self, cluster: Cluster) -> list[str]:
        base = f"postgresql://countermand@{str(cluster.folder).replace('/', '%2F')}:5432/sogo"
        source = (
            "{ type = sql; id = accounts; canAuthenticate = YES; isAddressBook = NO; userPasswordAlgorithm = plain; "
            f'viewURL = "{base}/accounts"; }}'
        )
        values = {name: f"{base}/{table}" for name, table in _TABLES.items()} | {
            "SOGoUserSources": f"({source})",
            "SOGoIMAPServer": f"imap://127.0.0.1:{self.imap_port}",
            "SOGoMemcachedHost": f"127.0.0.1:{self.cache_port}",
            "SOGoMailDomain": "example.org",
            "SOGoTimeZone": "UTC",
            "SOGoMaximumPingInterval": "20",
            "SOGoMaximumSyncInterval": "20",
            "SOGoInternalSyncInterval": "1",
            "WOPort": f"127.0.0.1:{self.port}",
            "WOWorkersCount": "4",
            "WONoDetach": "YES",
            "WOLogFile": "-",
            "WOPidFile": f"{self.directory}/sogo/pid",
        }
        return [word for name, value in values.items() for word in (f"-{name}", value)]

    # -- both --

    def _run(self, command: list[str], environment: dict[str, str] | None = None) -> None:
        log = (self.directory / f"{Path(command[0]).name}.log").open("ab")
        self._running.append(subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True))
        log.close()

    def close(self) -> None:
        for session in self._sessions:
            with contextlib.suppress(OSError):
                session.shutdown()
        for process in reversed(self._running):
            os.killpg(process.pid, signal.SIGKILL if "sogod" in str(process.args) else signal.SIGTERM)
        for process in self._running:
            process.wait(60)
        shutil.rmtree(self.directory, ignore_errors=True)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
