import Core
import Evidence
import Foundation
import Logging
import Policies
import Reports
import Targets

/// Tells services of a verdict that stands already: nothing of it can change the verdict, and it takes a bounded time.
struct Deliveries: Sendable {
  let wanted: [ReportPolicy.Delivery]
  let environment: [String: String]
  /// Made where there is anything to send.
  let sender: @Sendable () throws -> MessageSender
  /// Seconds since 1970 at each try.
  let now: @Sendable () -> Date

  init(
    _ wanted: [ReportPolicy.Delivery], environment: [String: String] = ProcessInfo.processInfo.environment,
    now: @escaping @Sendable () -> Date = { Date() }, sender: (@Sendable () throws -> MessageSender)? = nil
  ) {
    self.wanted = wanted
    self.environment = environment
    self.now = now
    self.sender = sender ?? { try MessageSender(environment: environment) }
  }

  /// Sends everything, side by side.
  /// - Parameter date: when the run ended.
  /// - Returns: a line for each service that could not be told.
  func send(_ summary: RunSummary, date: Date) async -> [String] {
    if wanted.isEmpty { return [] }
    let context = ReportContext(
      date: date, version: summary.evidence.software ?? sluiceVersion, host: summary.evidence.host ?? "localhost")
    do {
      let sender = try sender()
      return await withTaskGroup(of: (Int, String?).self) { group in
        for (place, delivery) in wanted.enumerated() {
          group.addTask { (place, await problem(delivery, summary, context, sender)) }
        }
        var problems: [(Int, String)] = []
        for await (place, problem) in group { if let problem { problems.append((place, problem)) } }
        return problems.sorted { $0.0 < $1.0 }.map(\.1)
      }
    } catch {
      return wanted.map { Self.line($0, "\(error)") }
    }
  }

  /// Nil where the service took everything.
  private func problem(
    _ delivery: ReportPolicy.Delivery, _ summary: RunSummary, _ context: ReportContext, _ sender: MessageSender
  ) async -> String? {
    if let variable = delivery.secretVariable, secret(of: delivery) == nil {
      return Self.line(
        delivery, "\(variable), with which it signs, is not set or no secret, and nothing is sent unsigned in its place"
      )
    }
    do {
      for message in try delivery.subscriber.messages(summary, context) {
        let why = await sender.send(seed: summary.policy.seed) { request(message, delivery, run: summary.run) }
        if let why {
          Logger.reports.warning("service not told", metadata: ["service": "\(delivery.subscriber.name)"])
          return Self.line(delivery, why)
        }
      }
      Logger.reports.info("service told", metadata: ["service": "\(delivery.subscriber.name)"])
      return nil
    } catch {
      return Self.line(delivery, (error as? SluiceError)?.message ?? "\(error)")
    }
  }

  /// Names the host alone: the rest of a webhook's address is often its key.
  private static func line(_ delivery: ReportPolicy.Delivery, _ why: String) -> String {
    let host = ServerHost(url: delivery.url)?.name ?? "its server"
    return "report.\(delivery.subscriber.name): \(host) was not told of the verdict, which stands: \(why)"
  }

  private func request(_ message: Subscriber.Message, _ delivery: ReportPolicy.Delivery, run: String) -> HTTPRequest {
    let base = delivery.url.hasSuffix("/") && !message.path.isEmpty ? String(delivery.url.dropLast()) : delivery.url
    let headers =
      [HTTPRequest.Header("Content-Type", "application/json")]
      + delivery.headers.sorted { $0.key < $1.key }.map { HTTPRequest.Header($0.key, $0.value) }
      + signature(of: message.body, delivery, run: run)
    return HTTPRequest(
      url: base + message.path, headers: headers, body: message.body,
      bounds: HTTPRequest.Bounds(
        connect: min(delivery.timeout, .seconds(10)), total: delivery.timeout, stall: delivery.timeout,
        bodyBytes: 1 << 20))
  }

  private func secret(of delivery: ReportPolicy.Delivery) -> WebhookSecret? {
    delivery.secretVariable.flatMap { environment[$0] }.flatMap { WebhookSecret($0) }
  }

  /// As the Standard Webhooks specification has it: identifier, time and body are signed together, so that nobody can send an old
  /// message again as a new one.
  private func signature(of body: [UInt8], _ delivery: ReportPolicy.Delivery, run: String) -> [HTTPRequest.Header] {
    guard let secret = secret(of: delivery) else { return [] }
    // Of the message as well: two decisions on the same outcomes are two messages, and a second try is the same one.
    let identifier = "sluice-\(run)-\(SHA256.hex(body).prefix(12))"
    let time = "\(Int(now().timeIntervalSince1970))"
    let code = MessageAuthentication.code(of: Array("\(identifier).\(time).".utf8) + body, key: secret.key)
    return [
      HTTPRequest.Header("webhook-id", identifier), HTTPRequest.Header("webhook-timestamp", time),
      HTTPRequest.Header("webhook-signature", "v1," + Data(code).base64EncodedString()),
    ]
  }
}
