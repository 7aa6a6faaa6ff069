import ArgumentParser
import Core
import Evidence
import Foundation
import Gate
import Kinds
import Policies

struct AttestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "attest",
    abstract: "Signed verdicts: made after a run, verified before a deployment.",
    discussion: """
      A verdict is signed as an in-toto Statement with the test-result predicate, in a DSSE envelope with Ed25519, which other \
      tools verify as well.
      """,
    subcommands: [Keygen.self, Sign.self, Verify.self])

  struct Keygen: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "keygen",
      abstract: "Make a key to sign with (0600), and beside it the public one that ends in .pub.",
      discussion: """
        Examples:
          sluice attest keygen --out gate.key
        """)

    @Option(help: "A new file for the private key.")
    var out: String

    func run() throws {
      for file in [out, out + ".pub"] {
        try OutputFile.checkNew(file, what: "--out", remedy: "Name another: a key that is in use must not be lost.")
      }
      let key = try SigningKey()
      try OutputFile.makeFolder(of: out, what: "the key")
      try OutputFile.write(
        Array(key.pem.utf8), to: out, what: "the key", access: .owner, replaces: false)
      try OutputFile.write(Array(key.publicKey.pem.utf8), to: out + ".pub", what: "the public key", replaces: false)
      try StandardOutput.write("\(out): private key, keep it\n\(out).pub: public key \(key.publicKey.id)\n")
    }
  }

  struct Sign: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "sign",
      abstract: "Sign the verdict of a run, as it stands in the ledger.",
      discussion: """
        The ledger is held against its audit chain first, and notes who signed. Verdicts that are no pass are signed too, as \
        what they are. The candidate has to be known by its bytes: a local model, or a served one with a revision.

        Examples:
          sluice attest sign last --key gate.key --out verdict.intoto.json
          sluice attest sign last --key-env SLUICE_ATTEST_KEY --out verdict.intoto.json
        """)

    @Argument(help: "The run, as `sluice history` lists it, or `last`.")
    var runID: String

    @Option(help: "The private key's file (0600).")
    var key: String?

    @Option(help: "The environment variable that holds the private key instead.")
    var keyEnv: String?

    @Option(help: "A new file for the attestation.")
    var out: String

    @Option(help: "The ledger file.", completion: .file(extensions: ["sqlite"]))
    var ledger = ".sluice/ledger.sqlite"

    func validate() throws {
      if (key == nil) == (keyEnv == nil) { throw ValidationError("Name the key: by --key or by --key-env.") }
    }

    func run() throws {
      let summary = try Attestation.sign(run: runID, ledger: ledger, key: try signingKey(), to: out)
      let verdict = summary.isObserved ? "no pass, since the run only observed:" : "\(summary.verdict.rawValue) of"
      try StandardOutput.write("\(out): \(verdict) run \(summary.run), signed\n")
    }

    private func signingKey() throws -> SigningKey {
      if let key { return try SigningKey(file: key) }
      let name = keyEnv ?? ""
      guard let text = ProcessInfo.processInfo.environment[name], !text.isEmpty else {
        throw SluiceError(
          .usage, "the environment variable \(name) is not set, or is empty", remedy: "Set it to the key's PEM text.")
      }
      return try SigningKey(pem: text, place: "$\(name)")
    }
  }

  struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "verify",
      abstract: "Whether a signed verdict is a fresh pass of this model under this policy.",
      discussion: """
        What a deploy job calls. Given a policy's file, its variables, --set and --seed have to be those of the run, and files \
        that the verdict rests on, where they are here, unchanged; given a run's digest (64 hexadecimal digits, as reports \
        print it), policy and inputs are exactly those.

        Exit codes:
          0 a valid, fresh pass of that model under that policy, by a trusted key   1 anything else: each reason is a line
          64 a file that is no attestation, key or policy

        Examples:
          sluice attest verify verdict.intoto.json --key gate.key.pub \\
            --subject models/next --policy policies/release-gate.yaml
          sluice attest verify verdict.intoto.json --key gate.key.pub \\
            --subject revision:2026-03-01 --policy 1f0e4a77… --max-age 2d
        """)

    @Argument(help: "The attestation.", completion: .file(extensions: ["json"]))
    var file: String

    @Option(help: "A public key that is trusted; may be repeated.")
    var key: [String]

    @Option(
      help: "The model: its checkpoint's path, sha256:…, gitCommit:…, revision:…, or a bare digest or revision.")
    var subject: String

    @Option(help: "The policy: its file, or the digest of a run.")
    var policy: String

    @Option(
      name: .customLong("set"), help: ArgumentHelp("As the run was given it; may be repeated.", valueName: "key=value"))
    var overrides: [String] = []

    @Option(help: "As the run was given it.")
    var seed: UInt64?

    @Option(help: "How old the verdict may be: 12h, 7d.")
    var maxAge = "7d"

    func validate() throws {
      if Quantities.seconds(maxAge) == nil { throw ValidationError("--max-age takes a duration: 90m, 12h, 7d.") }
    }

    func run() throws {
      let trust = Attestation.Trust(
        keys: try key.map { try VerifyingKey(file: $0) }, subject: subject, policy: policy, overrides: overrides,
        seed: seed,
        maxAge: Quantities.seconds(maxAge) ?? 0)
      let judgment = try Attestation.verify(file, trust: trust)
      guard judgment.objections.isEmpty else {
        try StandardOutput.write(
          (["\(file): NOT accepted"] + judgment.objections.map { "  \($0)" }).map(VisibleText.line).joined(
            separator: "\n")
            + "\n")
        throw ArgumentParser.ExitCode(Core.ExitCode.fail.rawValue)
      }
      let waived = judgment.waived.map { "  waived: \($0)" }
      let time = judgment.finished.formatted(Date.ISO8601FormatStyle())
      try StandardOutput.write(
        (["\(file): pass of \(judgment.subject), run \(judgment.run), \(time)"] + waived).map(VisibleText.line)
          .joined(separator: "\n") + "\n")
    }
  }
}
