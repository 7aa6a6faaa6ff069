"""Attestations of Sluice before verifiers that others wrote: called by .ci/attest with the program's path."""

import base64
import hashlib
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from google.protobuf import json_format
from in_toto_attestation.predicates.test_result.v0.test_result_pb2 import TestResult
from in_toto_attestation.v1.statement_pb2 import Statement
from in_toto_attestation.v1.statement import Statement as CheckedStatement
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import UnverifiedSignatureError, VerificationError
from securesystemslib.signer import CryptoSigner, SSlibKey

ROOT = pathlib.Path(__file__).resolve().parents[3]
GOLDEN = pathlib.Path(__file__).resolve().parent
MUTATIONS = 100


def key_id(public):
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def trusted(path):
    public = serialization.load_pem_public_key(path.read_bytes())
    return SSlibKey.from_crypto(public, keyid=key_id(public))


def accepts(data, key):
    """Whether the independent verifier takes the envelope, and what it says is a statement as in-toto describes it."""
    try:
        envelope = Envelope.from_dict(json.loads(data))
        envelope.verify([key], 1)
        statement = json_format.ParseDict(json.loads(envelope.payload), Statement())
        CheckedStatement(
            list(statement.subject), statement.predicate_type, json_format.MessageToDict(statement.predicate)
        ).validate()
        result = json.loads(envelope.payload)["predicate"]
        json_format.ParseDict(result, TestResult(), ignore_unknown_fields=True)
        return True
    except (UnverifiedSignatureError, VerificationError, ValueError, KeyError, TypeError, AttributeError, json_format.ParseError):
        return False


class Gate:
    """A run of the lab in a folder of its own."""

    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder
        (folder / "lab").symlink_to(ROOT / "fixtures/lab")
        seeds = (ROOT / "fixtures/lab/seeds.jsonl").read_text().splitlines()[::8]
        (folder / "seeds.jsonl").write_text("\n".join(seeds) + "\n")
        (folder / "policy.yaml").write_text(
            """version: 1
name: attested
seed: 3
targets:
  candidate: {kind: local, checkpoint: lab/assistant-1.1}
judges:
  confirm: {kind: rules, file: lab/rules.yaml}
suite: {seeds: seeds.jsonl, responses: 2}
ledger: {path: ledger.sqlite}
checks:
  - {metric: replay.asr, at_most: 0.9}
report: {json: report.json}
"""
        )

    def run(self, *arguments):
        return subprocess.run([self.binary, *arguments], cwd=self.folder, capture_output=True, text=True)

    def require(self, *arguments):
        outcome = self.run(*arguments)
        assert outcome.returncode == 0, f"{arguments}: {outcome.returncode} {outcome.stdout}{outcome.stderr}"

    def verify(self, name, key="gate.key.pub", policy="policy.yaml"):
        arguments = ["--key", key, "--subject", "lab/assistant-1.1", "--policy", policy]
        return self.run("attest", "verify", name, *arguments).returncode


def mutated(data, randomness):
    """One byte of the envelope's values: whitespace between them is none of its content."""
    while True:
        changed = bytearray(data)
        index = randomness.randrange(len(changed))
        changed[index] ^= 1 << randomness.randrange(8)
        try:
            if json.loads(bytes(changed)) == json.loads(data):
                continue
        except ValueError:
            pass
        return bytes(changed)


def main():
    binary, record = sys.argv[1], "--record" in sys.argv[2:]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        gate = Gate(binary, folder)
        gate.require("run", "policy.yaml", "--quiet")
        gate.require("attest", "keygen", "--out", "gate.key")
        gate.require("attest", "sign", "last", "--ledger", "ledger.sqlite", "--key", "gate.key", "--out", "verdict.json")
        own = trusted(folder / "gate.key.pub")
        signed = (folder / "verdict.json").read_bytes()
        assert accepts(signed, own), "the independent verifier refuses what Sluice signed"
        assert gate.verify("verdict.json") == 0, "Sluice refuses what it signed"

        randomness, refused = random.Random(20), 0
        for _ in range(MUTATIONS):
            data = mutated(signed, randomness)
            (folder / "mutated.json").write_bytes(data)
            # The key's name is a hint to an independent verifier; the signature is what it holds the payload against.
            hint = json.loads(signed)["signatures"][0]["keyid"].encode()
            others = accepts(data, own) and hint in data
            if gate.verify("mutated.json") != 0 and not others:
                refused += 1

        # The other way round: their signature, with a key of theirs.
        private = Ed25519PrivateKey.generate()
        signer = CryptoSigner(private, SSlibKey.from_crypto(private.public_key(), keyid=key_id(private.public_key())))
        envelope = Envelope(base64.b64decode(json.loads(signed)["payload"]), "application/vnd.in-toto+json", {})
        envelope.sign(signer)
        theirs = json.dumps(envelope.to_dict()).encode() + b"\n"
        public = private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        (folder / "theirs.json").write_bytes(theirs)
        (folder / "theirs.pub").write_bytes(public)
        digest = json.loads((folder / "report.json").read_text())["summary"]["policy"]["digest"]
        agrees = gate.verify("theirs.json", "theirs.pub", digest) == 0 and gate.verify("theirs.json") == 1
        if record:
            (GOLDEN / "independent.json").write_bytes(theirs)
            (GOLDEN / "independent.pub").write_bytes(public)
            (GOLDEN / "independent.digest").write_text(digest + "\n")
    ok = refused == MUTATIONS and agrees
    print(f"attest mutations={MUTATIONS} refused={refused} {'ok' if ok else 'broken'}")
    sys.exit(0 if ok else 1)


if __name__ == "__main__":
    main()
