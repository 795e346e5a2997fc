"""A certificate authority for tests, and what it issues."""

import datetime
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


class Authority:
    """Its own certificate is ``ca.pem`` in ``directory``."""

    def __init__(self, directory: Path, name: str = "authority", days: int = 3650) -> None:
        directory.mkdir(exist_ok=True)
        self._directory = directory
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        made = _builder(self._name, self._name, self._key, days).add_extension(x509.BasicConstraints(True, 0), critical=True)
        self.certificate = made.sign(self._key, hashes.SHA256())
        self.file = directory / "ca.pem"
        self.file.write_bytes(self.certificate.public_bytes(Encoding.PEM))

    def issue(self, days: int = 90, name: str = "server") -> tuple[Path, Path]:
        """(certificate, key) for 127.0.0.1, in files that the next one replaces."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        made = _builder(subject, self._name, key, days).add_extension(address, critical=False)
        certificate_file, key_file = self._directory / "server.pem", self._directory / "server.key"
        certificate_file.write_bytes(made.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM))
        key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        key_file.chmod(0o600)
        return certificate_file, key_file

    def issue_to(self, login: str) -> tuple[Path, Path]:
        """(certificate, key) of a phone: ``UID=<login>,O=Example``."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name(
            [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example"), x509.NameAttribute(NameOID.USER_ID, login)]
        )
        made = _builder(subject, self._name, key, 90).sign(self._key, hashes.SHA256())
        certificate_file, key_file = self._directory / f"{login}.pem", self._directory / f"{login}.key"
        certificate_file.write_bytes(made.public_bytes(Encoding.PEM))
        key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return certificate_file, key_file


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: int) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    begun = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    lasting = begun.serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(1))
    return lasting.not_valid_after(now + datetime.timedelta(days))
