import GRDB

/// Which columns of a sealed ledger are sealed, and the views through which statements read them.
///
/// In a connection to a sealed ledger each of these tables is hidden by a temporary view of the same name that opens what is read:
/// no query has to know of sealing. Writing through a view is refused by SQLite, so that what writes names the table itself,
/// `main.texts`, and a trigger refuses what isn't sealed there.
struct SealedRows {
  /// What an error says of a text that was moved, changed or sealed by another key.
  static let unopened = "a sealed text isn't what was sealed there"

  struct Column {
    let name: String
    /// Tells texts of one kind from others; the same for columns whose values are compared.
    let label: String
    /// Columns whose stored values identify the row.
    var identity: [String] = []
    /// Whether plain values may stand in it as well.
    var isMixed = false

    /// An expression that opens the column.
    func opened(in row: String = "") -> String { "sluiceOpen(\(arguments(row, value: row + name)))" }

    /// An expression that seals a value for the row.
    /// - Parameter row: before the names of the identity's columns.
    func sealed(_ value: String, in row: String = "") -> String { "sluiceSeal(\(arguments(row, value: value)))" }

    private func arguments(_ row: String, value: String) -> String {
      (["'\(label)'"] + identity.map { row + $0 } + [value]).joined(separator: ", ")
    }
  }

  let table: ChainedTable
  let columns: [Column]
  /// Guards against accidental updates, which sealing is none of.
  var triggers: [String] = []

  static let all = [
    SealedRows(table: .texts, columns: [Column(name: "text", label: "text", identity: ["hash"])]),
    // Reasons of judges; runs, categories and the like stand there as well.
    SealedRows(
      table: .names, columns: [Column(name: "text", label: "name", isMixed: true)], triggers: ["nameStays"]),
    SealedRows(
      table: .failures,
      columns: [
        Column(name: "message", label: "message", identity: ["run", "prompt", "sample"]), settings,
      ]),
    SealedRows(
      table: .runs,
      columns: ["policyText", "overrides", "summary"].map { Column(name: $0, label: $0, identity: ["id"]) },
      triggers: ["verdictStays"]),
    SealedRows(table: .sources, columns: [settings], triggers: ["sourceStays"]),
    SealedRows(table: .parts, columns: [settings], triggers: ["partStays"]),
    // Identifiers of attacks are hashes of their texts, and clusters have them as names.
    SealedRows(table: .suite, columns: [Column(name: "attack", label: "attack"), cluster]),
    SealedRows(table: .sampled, columns: [cluster], triggers: ["sampleStays"]),
    SealedRows(table: .labelNotes, columns: [Column(name: "note", label: "note", identity: ["item", "reviewer"])]),
    SealedRows(table: .searches, columns: [search]),
    SealedRows(table: .reusedSearches, columns: [search]),
    SealedRows(table: .artifacts, columns: [Column(name: "bytes", label: "artifact", identity: ["hash"])]),
  ]

  /// Hashes of settings, which hold system prompts.
  private static let settings = Column(name: "settings", label: "settings")
  private static let cluster = Column(name: "cluster", label: "cluster")
  private static let search = Column(name: "key", label: "search")

  /// An expression that seals a value for a new row.
  static func seal(_ value: String, _ table: ChainedTable, _ column: String, identity: [String] = []) -> String {
    guard let label = self.label(table, column) else { return value }
    return "sluiceSeal(\((["'\(label)'"] + identity + [value]).joined(separator: ", ")))"
  }

  /// An expression that compares a value with what a row has in a column, without opening it.
  static func same(_ value: String, _ table: ChainedTable, _ column: String, identity: [String] = []) -> String {
    guard let label = label(table, column) else { return "\(column) = \(value)" }
    return "sluiceSame(\((["'\(label)'"] + identity + [column, value]).joined(separator: ", ")))"
  }

  /// An expression that opens a column that no row's identity goes into.
  static func open(_ table: ChainedTable, _ column: String) -> String {
    all.first { $0.table == table }?.columns.first { $0.name == column }?.opened() ?? column
  }

  private static func label(_ table: ChainedTable, _ column: String) -> String? {
    all.first { $0.table == table }?.columns.first { $0.name == column }?.label
  }

  /// What hides the table.
  private var view: String {
    let list = table.columns.map { column in
      columns.first { $0.name == column }.map { "\($0.opened()) AS \(column)" } ?? column
    }
    return "CREATE TEMP VIEW \(table.name) AS SELECT \(list.joined(separator: ", ")) FROM main.\(table.name)"
  }

  /// A ledger whose texts are sealed, and that says that it isn't, must not be taken for a plain one.
  static func refuseOrphans(_ db: Database) throws {
    guard try db.tableExists("texts") else { return }
    let isSealed = try Bool.fetchOne(
      db, sql: "SELECT sluiceIsSealed(text) FROM texts WHERE id = (SELECT MIN(id) FROM texts WHERE text <> '')")
    if isSealed == true { throw LedgerDamage("its texts are sealed, and the key that they are sealed with is gone") }
  }

  private static func isHidden(_ table: String, _ db: Database) throws -> Bool {
    try Int.fetchOne(
      db, sql: "SELECT 1 FROM sqlite_temp_master WHERE type = 'view' AND name = ?", arguments: [table]) != nil
  }

  /// Shows a table for as long as `body` takes, which needs it under its name.
  static func uncovering(_ table: String, _ db: Database, _ body: () throws -> Void) throws {
    guard try isHidden(table, db), let rows = all.first(where: { $0.table.name == table }) else { return try body() }
    try db.execute(sql: "DROP VIEW temp.\(table)")
    try body()
    try db.execute(sql: rows.view)
  }

  /// Writes the file anew without its unused parts. SQLite takes the tables by their names.
  static func vacuum(_ db: Database) throws {
    let hidden = try String.fetchAll(db, sql: "SELECT name FROM sqlite_temp_master WHERE type = 'view'")
    for name in hidden { try db.execute(sql: "DROP VIEW temp.\(name)") }
    defer { if !hidden.isEmpty { try? cover(db) } }
    try db.execute(sql: "VACUUM")
  }

  /// Hides the tables of a connection to a sealed ledger, and guards them.
  static func hide(_ db: Database) throws {
    try cover(db)
    for rows in all {
      let name = rows.table.name
      for column in rows.columns where !column.isMixed {
        for (event, label) in [("INSERT", "Insert"), ("UPDATE OF \(column.name)", "Update")] {
          try db.execute(
            sql: """
              CREATE TEMP TRIGGER sealed\(label)\(name)\(column.name) BEFORE \(event) ON main.\(name)
              WHEN NOT sluiceIsSealed(NEW.\(column.name))
              BEGIN SELECT RAISE(ABORT, 'a text was to be stored unsealed'); END
              """)
        }
      }
    }
  }

  private static func cover(_ db: Database) throws {
    for rows in all { try db.execute(sql: rows.view) }
    // The schema's own views read the tables; their twins read what hides them.
    let views = try Row.fetchAll(db, sql: "SELECT sql FROM main.sqlite_master WHERE type = 'view' ORDER BY rowid")
    for view in views {
      let sql: String = try view.get("sql")
      try db.execute(sql: sql.replacing(#/^CREATE VIEW/#, with: "CREATE TEMP VIEW"))
    }
  }
}
