import Foundation
import Testing

/// `.ci/figures`, which writes measured tables into the pages.
@Suite("Figures in README and pages")
struct FiguresTests {
  private func workspace() throws -> Workspace {
    let workspace = try Workspace()
    for folder in [".ci", "fixtures", "Sources/sluice"] {
      try FileManager.default.createDirectory(
        at: workspace.folder.appendingPathComponent(folder), withIntermediateDirectories: true)
    }
    for path in [".ci/figures", "fixtures/figures", "README.md", "Sources/sluice/Sluice.docc"] {
      try workspace.copy(path, to: path)
    }
    return workspace
  }

  private func call(_ arguments: String, in workspace: Workspace) async throws -> Binary.Outcome {
    try await Binary.shell("exec .ci/figures \(arguments)", in: workspace.folder).outcome(atMost: 60)
  }

  private func text(_ path: String, in workspace: Workspace) throws -> String {
    String(decoding: try workspace.read(path), as: UTF8.self)
  }

  @Test("are what is recorded: an edited figure, a lost end and a record that no page shows are found")
  func check() async throws {
    let workspace = try workspace()
    let fine = try await call("--check", in: workspace)
    #expect(fine.code == 0, "\(fine.output)\(fine.errors)")
    let page = "Sources/sluice/Sluice.docc/Measured.md"
    let written = try text(page, in: workspace)
    let edited = written.replacing("| **Sluice** | 10.5 |", with: "| **Sluice** | 99.5 |")
    #expect(edited != written)
    try workspace.write(edited, to: page)
    let broken = try await call("--check", in: workspace)
    #expect(broken.code == 1 && broken.errors.contains("99.5"), "\(broken.errors)")
    #expect(try await call("", in: workspace).code == 0)
    #expect(try text(page, in: workspace) == written)

    try workspace.write(written.replacing("<!-- end of figures -->", with: ""), to: page)
    #expect(try await call("--check", in: workspace).code == 1)
    // What can't be written is left as it is.
    #expect(try await call("", in: workspace).code == 1)
    #expect(try text(page, in: workspace) == written.replacing("<!-- end of figures -->", with: ""))
    try workspace.write(written, to: page)
    try workspace.write("command: none\n---\n", to: "fixtures/figures/unshown.txt")
    #expect(try await call("--check", in: workspace).code == 1)
  }

  @Test("are recorded as a command prints them, with commit, date and machine; a command that fails records nothing")
  func record() async throws {
    let workspace = try workspace()
    let git = "git init -q . && git -c user.name=a -c user.email=a@b commit -q --allow-empty -m a"
    #expect(try await Binary.shell(git, in: workspace.folder).outcome(atMost: 60).code == 0)
    try workspace.write("before\n\n<!-- figures: made -->\n<!-- end of figures -->\nafter\n", to: "README.md")
    try FileManager.default.removeItem(at: workspace.folder.appendingPathComponent("fixtures/figures/gate.txt"))
    let failed = try await call("--record made -- sh -c 'echo 12.5; exit 3'", in: workspace)
    #expect(failed.code != 0 && !workspace.exists("fixtures/figures/made.txt"))
    let made = try await call(
      "--record made --from '^a' --until '^z' -- printf 'noise\\na <b> 12.5\\n  c\\n\\nz\\n'", in: workspace)
    #expect(made.code == 0, "\(made.errors)")
    let page = try text("README.md", in: workspace)
    #expect(page.hasPrefix("before\n\n<!-- figures: made -->\n```text\na <b> 12.5\n  c\n```\n\n`printf "), "\(page)")
    #expect(page.hasSuffix("<!-- end of figures -->\nafter\n"))
    #expect(try text("fixtures/figures/made.txt", in: workspace).contains("source: output\n---\na <b> 12.5\n"))
    #expect(try await call("--check", in: workspace).code == 0)
    #expect(try await call("--record ../made -- true", in: workspace).code == 64)
  }
}
