import Core
import Foundation
import Kinds

/// A model server as a policy describes it: started for a run, and ended with it.
public struct Serving: Hashable, Sendable {
  /// Program and arguments, in which `{{port}}` stands for the port; no shell is involved.
  public var command: [String]
  /// Path that answers 200 once the server is ready.
  public var ready: String
  /// Longest wait until it is ready.
  public var timeout: Duration
  /// Names of the variables that the program gets beside those that any program needs.
  public var variables: [String]

  public init(command: [String], ready: String = "/health", timeout: Duration = .seconds(300), variables: [String] = [])
  {
    self.command = command
    self.ready = ready
    self.timeout = timeout
    self.variables = variables
  }

  /// Address of a server that is started, where the policy has none.
  static let usualURL = "http://127.0.0.1:" + PortMark.text

  /// - Parameter ready: the usual path of the protocol's servers.
  static func key(ready: String) -> PolicyKey {
    PolicyKey(
      name: "serve",
      shape: .object([
        PolicyKey(
          name: "command", shape: .list(.text), required: true,
          help: "Program and arguments of a server that stays in the foreground; {{port}} is replaced by a free port.",
          example: "[llama-server, -m, next.gguf, --port, \"{{port}}\"]"),
        PolicyKey(
          name: "ready", shape: .text, fallback: ready,
          help: "Path that is asked at the server's address (GET) until it answers 200."),
        PolicyKey(name: "timeout", shape: .duration, fallback: "5m", help: "Longest wait until the server is ready."),
        PolicyKey(
          name: "env", shape: .list(.passedVariable),
          help:
            "Environment variables that the server gets (CUDA_VISIBLE_DEVICES, HF_TOKEN, …). Of the others it gets only "
            + "\(ProgramEnvironment.usual)."),
      ]),
      help:
        "Starts the model's server on this machine for a run and ends it with the run. Targets with the same block at the same "
        + "address share one server; different ones run side by side.",
      example: "serve: {command: [llama-server, -m, next.gguf, --port, \"{{port}}\"], ready: /health, timeout: 5m}")
  }

  /// - Parameter section: was held against the keys of `serve`.
  init(_ section: Section) {
    self.init(
      command: section.list("command"), ready: section.string("ready"),
      timeout: section.duration("timeout") ?? .zero, variables: section.list("env"))
  }

  /// The program, without its folder.
  public var program: String { (command.first ?? "").lastNameOfPath }

  /// Files and checkpoint folders that the command names, also after an equals sign: what they hold is served.
  public var inputs: [InputFile] {
    command.compactMap(Self.input).reduce(into: []) { all, path in
      let file = InputFile("serve", path: path, isCheckpoint: true)
      if !all.contains(file) { all.append(file) }
    }
  }

  /// Whether weights are among the files that the command names, so that their digests tell what answers.
  public var namesWeights: Bool {
    inputs.contains { $0.path.hasSuffix(".gguf") || FileStatus($0.path, followsLinks: true)?.kind == .folder }
  }

  /// The path in an argument; nil where it names nothing that is read as a model.
  package static func input(_ argument: String) -> String? {
    let value = argument.firstIndex(of: "=").map { String(argument[argument.index(after: $0)...]) }
    return [argument, value].compactMap(\.self).first { path in
      switch FileStatus(path, followsLinks: true)?.kind {
      case .regular: true
      case .folder: FileStatus(path + "/config.json", followsLinks: true)?.kind == .regular
      default: false
      }
    }
  }
}

extension Serving {
  /// Notes what doesn't go together in a target's address and the server that is started for it.
  static func note(_ section: Section, _ problems: inout Diagnostics) {
    let given = section.texts["url"]
    guard let serve = section.child("serve") else {
      problems.require(
        section.has("serve") || given.map(PortMark.isIn) != true,
        "\(section.described).url has \(PortMark.text), and no server is started that could have the port",
        at: section.place(of: "url"), remedy: "Write the port, or say in serve: how the server is started.")
      return
    }
    // What is wrong with either is noted already.
    guard given != nil || !section.has("url"), serve.texts["ready"] != nil || !serve.has("ready") else { return }
    let serving = Serving(serve)
    let url = given ?? usualURL
    let place = section.place(of: "url") ?? section.place(of: "serve")
    let chosen = PortMark.host(url: url)
    problems.require(
      chosen != nil || !PortMark.isIn(url), "\(section.described).url has \(PortMark.text) where no port is", at: place,
      remedy: "Write it as http://127.0.0.1:\(PortMark.text)/v1.")
    problems.require(
      (chosen ?? ServerHost(url: url))?.isLoopback == true && url.lowercased().hasPrefix("http://"),
      "\(section.described).url does not lead to the server that serve: starts on this machine", at: place,
      remedy: "Write it as \(usualURL), or leave serve: out where the server runs already.")
    let isPassed = serving.command.contains(where: PortMark.isIn)
    if chosen != nil, !isPassed, !serving.command.isEmpty {
      problems.add(
        "\(serve.described).command has no \(PortMark.text), which \(section.described).url has",
        at: serve.place(of: "command"),
        remedy: "Tell the server its port, for example --port, \"\(PortMark.text)\", or write a port into the url.")
    }
    problems.require(
      chosen != nil || PortMark.isIn(url) || !isPassed,
      "\(serve.described).command has \(PortMark.text), and \(section.described).url has a port of its own",
      at: serve.place(of: "command"), remedy: "Write the port once: as a number, or as \(PortMark.text) in both.")
    problems.require(
      serving.ready.hasPrefix("/") && serving.ready.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f },
      "\(serve.described).ready is no path", at: serve.place(of: "ready"), remedy: "Write it as /health.")
  }
}
