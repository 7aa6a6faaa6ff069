import Core
import Kinds

/// What a sample of Inspect's log asks of a model.
struct InspectSample {
  private let input: JSON
  private let messages: [JSON]
  private let attachments: JSON?

  init(_ record: DataRecord) {
    input = record["input"] ?? .null
    messages = record["messages"]?.array ?? []
    attachments = record["attachments"]
  }

  /// What every model is asked: the input. Nil where no user says anything in it.
  var given: Conversation? {
    if let text = input.string { return Conversation(messages: [.init(.user, attached(text))]) }
    return ChatMessages.conversation(input, resolving: attached)
  }

  /// What the user goes on to say after answers: a task's solver may send turn after turn, and so may an agent's loop.
  var turns: [String] {
    let answered = input.array?.count { $0["role"]?.string == "assistant" } ?? 0
    var answers = 0
    return messages.compactMap { message in
      switch message["role"]?.string {
      case "assistant"?: answers += 1
      // The input stands behind examples that a solver puts before it.
      case "user"? where answers > answered && message["source"]?.string != "input":
        return attached(ChatMessages.text(of: message["content"]) ?? "")
      default: break
      }
      return nil
    }
  }

  /// A text, or the one that stands for it where the log keeps long texts apart.
  private func attached(_ text: String) -> String {
    guard let name = Self.attachment(text) else { return text }
    return attachments?[name]?.string ?? text
  }

  private static func attachment(_ text: String) -> String? {
    let mark = "attachment://"
    return text.hasPrefix(mark) ? String(text.dropFirst(mark.count)) : nil
  }

  /// The members of a sample that a verdict rests on, of a size that doesn't grow with its events: none of those, and of the turns
  /// that were said only the user's.
  static func essentials(of sample: JSON) -> [JSON.Member] {
    let spoken = (sample["messages"]?.array ?? []).map { message in
      let isUser = message["role"]?.string == "user"
      return JSON.object(
        (message.members ?? []).filter { ["role", "source"].contains($0.key) || isUser && $0.key == "content" })
    }
    let input = sample["input"]
    let texts = (input?.array ?? []).map { $0["content"] } + spoken.map { $0["content"] }
    let used = Set(([input] + texts).compactMap { $0.flatMap(ChatMessages.text).flatMap(attachment) })
    return (sample.members ?? []).compactMap { member in
      switch member.key {
      case "messages": JSON.Member("messages", .array(spoken))
      case "attachments":
        JSON.Member("attachments", .object((member.value.members ?? []).filter { used.contains($0.key) }))
      case "output":
        JSON.Member("output", .object((member.value.members ?? []).filter { $0.key == "choices" }))
      case "error":
        JSON.Member(
          "error", member.value.isNull ? .null : .object([.init("message", member.value["message"] ?? .null)]))
      case "id", "epoch", "input", "target", "scores", "metadata", "limit", "invalidation": member
      default: nil
      }
    }
  }
}
