import Core
import Judges
import Kinds
import Reports
import Targets

/// What must hold between sections that are right by themselves.
enum CrossChecks {
  static func note(
    root: Section, judges: Section, reward: JudgeChoice?, confirm: JudgeChoice?, ledger: Section,
    report: Section, reporters: [Reporter], _ reader: inout PolicyReader
  ) {
    if root.has("attacker") {
      reader.diagnostics.require(
        judges.has("reward"), "an attacker needs judges.reward", at: judges.place ?? root.place,
        remedy: "Name a judge that rewards the attacker, or remove the attacker section.")
    }
    for (name, judge) in [("reward", reward), ("confirm", confirm)] where root.has("attacker") {
      guard let remedy = judge?.recipe.remedyForUnjudged else { continue }
      reader.diagnostics.add(
        "judges.\(name) has no judge for fresh attacks, which have no category yet", at: judges.place(of: name),
        remedy: remedy)
    }
    if let reward, let confirm, let place = judges.place(of: "confirm") {
      let shared = confirm.leaves.first { leaf in reward.leaves.contains { $0.isSameJudge(as: leaf) } }
      if let shared {
        let whole = confirm.leaves.count == 1 && reward.leaves.count == 1
        reader.diagnostics.add(
          whole ? "judges.confirm is the reward judge" : "judges.confirm asks \(shared.name), as the reward judge does",
          at: place,
          remedy: "The attacker learns its judge's mistakes, so another one must confirm, for example a rules file.")
      }
    }
    reader.diagnostics.require(
      !ledger.toggle("sealing") || ledger.has("key"), "ledger.sealing: on needs ledger.key",
      at: ledger.place(of: "sealing"),
      remedy:
        "Name the key, for example key: {file: ledger.key}; (umask 077; openssl rand -hex 32 > ledger.key) makes one.")
    if let key = ledger.child("key") {
      let named = ["file", "env", "passphrase_env"].count { key.has($0) }
      reader.diagnostics.require(
        named == 1, "ledger.key names \(named == 0 ? "no key" : "\(named) keys")", at: ledger.place(of: "key"),
        remedy: "Give one of file, env and passphrase_env.")
      reader.diagnostics.require(
        ledger.toggle("sealing"), "ledger.key is for a sealed ledger, and ledger.sealing is off",
        at: ledger.place(of: "key"), remedy: "Set sealing: on, or remove the key.")
    }
    outputs(ledger: ledger, report: report, reporters, &reader)
    signing(report, &reader)
  }

  /// A secret that is too short signs nothing, and redaction would not find it.
  private static func signing(_ report: Section, _ reader: inout PolicyReader) {
    guard let webhook = report.child(Subscriber.webhook.name), let variable = webhook.text("secret_env"),
      let secret = reader.environment[variable], !secret.isEmpty
    else { return }
    reader.diagnostics.require(
      WebhookSecret(secret) != nil, "report.webhook.secret_env: the secret is no Base64, or shorter than 16 bytes",
      at: webhook.place(of: "secret_env"),
      remedy: "For example SECRET=whsec_$(openssl rand -base64 24), which the receiver gets as well.")
  }

  /// An address that a kind makes of other keys, or has by default: the site decides on it as on one that is written.
  static func noteAddress(of target: TargetChoice, _ section: Section, _ reader: inout PolicyReader) {
    guard !section.has("url"), let address = target.recipe.address, !reader.site.allows(url: address) else { return }
    reader.diagnostics.add(
      "\(section.described): the site does not let policies ask \(quoted(WebAddress.masked(address)))",
      at: section.place(of: "kind") ?? section.place,
      remedy: "Its owner lists hosts in \(reader.site.path ?? ""), under allow.hosts.")
  }

  /// A target and its section.
  struct Served {
    let section: Section
    let choice: TargetChoice

    init(_ section: Section, _ choice: TargetChoice) { (self.section, self.choice) = (section, choice) }
  }

  /// Two servers that a run would start at one port: the second could not, or the first would be asked for both.
  static func notePorts(of targets: [Served], _ reader: inout PolicyReader) {
    var owners: [Int: Served] = [:]
    for target in targets {
      guard let serving = target.choice.recipe.serving, let address = target.choice.recipe.address,
        let port = ServerHost(url: address)?.port
      else { continue }
      guard let owner = owners[port] else {
        owners[port] = target
        continue
      }
      if owner.choice.recipe.serving != serving {
        reader.diagnostics.add(
          "\(target.section.described).serve starts another server at port \(port), which is \(owner.section.described)'s",
          at: target.section.place(of: "serve"),
          remedy: "Write \(PortMark.text) in url and command for a port that is free, or give each a port of its own.")
      }
    }
  }

  /// Two outputs in one file: the second would overwrite the first.
  private static func outputs(
    ledger: Section, report: Section, _ reporters: [Reporter], _ reader: inout PolicyReader
  ) {
    reader.places["ledger.path"] = ledger.place(of: "path")
    var taken = [ledger.string("path"): "ledger.path"]
    for key in reporters.map(\.name) {
      guard let path = report.text(key) else { continue }
      reader.places["report.\(key)"] = report.place(of: key)
      // Any number of reports may be unwanted.
      if let other = taken[path], path != "/dev/null" {
        reader.diagnostics.add(
          "report.\(key) is the same file as \(other)", at: report.place(of: key),
          remedy: "Give each its own file.")
      }
      taken[path] = "report.\(key)"
    }
  }
}
